/** A mail server of this machine that takes a token by XOAUTH2 and keeps what it was told. */
export interface SmtpServer {
  readonly port: number;
  /** What was shown at each login, decoded. */
  readonly logins: string[];
  readonly mails: string[];
  stop(): void;
}

interface State {
  /** As far as it has come. */
  mail: string | null;
  /** The next line is the answer to AUTH, where it isn't there already. */
  asked: boolean;
}

export function serveSmtp(): SmtpServer {
  const logins: string[] = [];
  const mails: string[] = [];
  const server = Bun.listen<State>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { mail: null, asked: false };
        socket.write("220 here\r\n");
      },
      data(socket, bytes) {
        const text = bytes.toString();
        if (socket.data.mail !== null) {
          socket.data.mail += text;
          if (!socket.data.mail.endsWith("\r\n.\r\n")) return;
          mails.push(socket.data.mail);
          socket.data.mail = null;
          socket.write("250 kept\r\n");
          return;
        }
        for (const line of text.split("\r\n").filter((one) => one !== "")) socket.write(answerTo(line, socket.data));
      },
    },
  });

  function answerTo(line: string, state: State): string {
    if (state.asked) {
      state.asked = false;
      logins.push(atob(line));
      return "235 welcome\r\n";
    }
    const [verb = "", mechanism = "", answer] = line.split(" ");
    switch (verb.toUpperCase()) {
      case "EHLO":
        return "250-here\r\n250 AUTH XOAUTH2\r\n";
      case "AUTH":
        state.asked = mechanism === "XOAUTH2";
        if (!state.asked) return "504 XOAUTH2 only\r\n";
        return answer === undefined ? "334 \r\n" : answerTo(answer, state);
      case "DATA":
        state.mail = "";
        return "354 go on\r\n";
      case "QUIT":
        return "221 bye\r\n";
      default:
        return "250 fine\r\n";
    }
  }

  return { port: server.port, logins, mails, stop: () => server.stop(true) };
}
