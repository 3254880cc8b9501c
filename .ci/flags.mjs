// How the product is compiled, and whatever is compared with it.
export const FLAGS = [
  "--compile",
  "--format=esm",
  // What start-up time hangs on: no parsing, and no module that isn't needed.
  "--minify",
  "--bytecode",
  "--splitting",
  // Without these, a file in the current directory would run code inside this program.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--no-compile-autoload-package-json",
  // The system's certificates are trusted beside the built-in ones. They are loaded with the first https request.
  "--compile-exec-argv=--use-system-ca",
];

/** What runs by itself: the program, and the worker in which a module's code is evaluated. */
export const ENTRIES = ["src/main.ts", "src/providers/plugins/module-worker.ts"];
