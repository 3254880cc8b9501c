/*
 * What the tests need of Windows and cmd can't do, by the first argument:
 *   exit <code>                   ends with any 32-bit exit code
 *   wait                          ends with 42 once Ctrl-C comes, with 1 after 20 s
 *   ctrl-c <milliseconds> <line>  in a console of its own: runs the line, presses Ctrl-C, prints the line's exit code
 *   code <line>                   the same without Ctrl-C
 *   arguments ...                 prints each argument on a line, as UTF-8
 *   sleep <milliseconds>
 *   scan <pattern> <milliseconds> waits for a file of such a name and has it open meanwhile, as a scanner does
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static volatile LONG told = 0;

static BOOL WINAPI remember(DWORD event) {
  told = 1;
  return TRUE;
}

static HANDLE start(char *line, DWORD flags) {
  STARTUPINFOA info = {.cb = sizeof info, .dwFlags = STARTF_USESTDHANDLES};
  info.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  info.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
  info.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  PROCESS_INFORMATION child;
  if (CreateProcessA(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &info, &child)) return child.hProcess;
  printf("can't start %s: %lu\n", line, GetLastError());
  exit(1);
}

static DWORD ended(HANDLE child) {
  DWORD code = 0;
  WaitForSingleObject(child, 30000);
  GetExitCodeProcess(child, &code);
  return code;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  if (strcmp(what, "exit") == 0) return (int)strtoul(words[2], NULL, 0);
  if (strcmp(what, "wait") == 0) {
    SetConsoleCtrlHandler(remember, TRUE);
    printf("waiting\n");
    fflush(stdout);
    for (int i = 0; i < 200 && !told; i++) Sleep(100);
    /* Long enough to be killed first by a parent that wouldn't wait. */
    Sleep(500);
    printf(told ? "told\n" : "not told\n");
    return told ? 42 : 1;
  }
  if (strcmp(what, "arguments") == 0) {
    /* Those of main() have lost what the code page lacks. */
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    for (int i = 2; i < count; i++) {
      char line[8192];
      WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, line, sizeof line, NULL, NULL);
      printf("%s\n", line);
    }
  }
  if (strcmp(what, "sleep") == 0) Sleep(atoi(words[2]));
  if (strcmp(what, "scan") == 0) {
    char path[MAX_PATH];
    WIN32_FIND_DATAA found;
    HANDLE file = INVALID_HANDLE_VALUE;
    for (int i = 0; i < 20000 && file == INVALID_HANDLE_VALUE; i++) {
      HANDLE search = FindFirstFileA(words[2], &found);
      if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
        int folder = (int)(strrchr(words[2], '\\') - words[2]);
        snprintf(path, sizeof path, "%.*s\\%s", folder, words[2], found.cFileName);
        /* Nobody can rename or remove it: FILE_SHARE_DELETE is left out. */
        file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
      }
      Sleep(1);
    }
    printf(file == INVALID_HANDLE_VALUE ? "nothing was found\n" : "held\n");
    Sleep(atoi(words[3]));
    return 0;
  }
  if (strcmp(what, "code") == 0) printf("code %lu\n", ended(start(words[2], 0)));
  if (strcmp(what, "ctrl-c") == 0) {
    /* Only those who share a console hear of it. */
    char line[8192];
    snprintf(line, sizeof line, "\"%s\" ctrl-c-here %s \"%s\"", words[0], words[2], words[3]);
    return (int)ended(start(line, CREATE_NO_WINDOW));
  }
  if (strcmp(what, "ctrl-c-here") == 0) {
    SetConsoleCtrlHandler(remember, TRUE);
    HANDLE child = start(words[3], 0);
    if (WaitForSingleObject(child, atoi(words[2])) == WAIT_TIMEOUT && !GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
      printf("no Ctrl-C: %lu\n", GetLastError());
    printf("code %lu\n", ended(child));
  }
  return 0;
}
