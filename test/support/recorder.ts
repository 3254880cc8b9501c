/** A server that answers nothing useful and remembers every byte that it was sent: a proxy, or a stranger's host. */
export interface Recorder {
  readonly url: string;
  readonly port: number;
  /** Everything received so far, of all connections. */
  text(): string;
  connections(): number;
  stop(): void;
}

const REFUSAL = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

export function startRecorder(): Recorder {
  const received: string[] = [];
  let connections = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open() {
        connections++;
      },
      data(socket, chunk) {
        received.push(chunk.toString("latin1"));
        socket.end(REFUSAL);
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    text: () => received.join(""),
    connections: () => connections,
    stop: () => server.stop(true),
  };
}
