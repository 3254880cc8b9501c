/**
 * Keys for tests only, and the forms in which people have them. Made with openssl; other forms by node:crypto, so that
 * what reads them here is never what wrote them.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempFolder } from "./program.ts";

/** PKCS#8. */
export const RSA_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDp1a3AyZVgu7r5
3VD1WCAkbfuGFlTxlnT7iYz2AdZO8Ye2xbd/I1EvwUxsLKZc74snwu5wJrT8cU41
ScgjqWW3IpEFF+8FaOOuaMkAamX5Ek+1dL2fWaziJFxoH1pA/vWQgIFO8Iex1dmf
m+n81E6nj+UtmKxa2vAOc4aP9HS01BvXrPa5MaNHh4eUFleoKGY1KJNbOtbeKuIH
3mzKFmsUfq7hDxqxySeOi6YunYQHJ4EAQV+HyvGm4sh2OIdcX6sRmDJHWLWuhbQX
8Bb5ssK+7FAnkZA6SYW30K0jW7LFLIr/orSO8WLTQAM4pUjIAxLpfeJ4jsO2p2/y
neSZo1HbAgMBAAECggEAOYZWJN/SjkYQtOhjwr+nxJ6D6pQy2G39oGXR1jFUgf48
N1QDlNTg46EnhlMjqChL8P+s/c0f6ByNs2FPyaoiOj/YMksVg5yuqljf3ejO5kvB
bS/neDys4cM1Mm5IG0Y9rgtXBE766t5jl7bZBNhL8z/cju+Isx86QCvediqazWMK
hYLLRSXBYGsvqR8GAJ/Z+dRBUgYYI6cLJAZCrU7RBM3Z0fAuSFHAekUB956Di3ly
L+q5cqLUeiHhIy1487nK1xem8vdsZVqK1XU23JNNpQZ+kZflDYmd3W4Ghwd6HuD/
5J9Q5foLFSENV2iL+acScSsOipQUm+MsH7qGBngsWQKBgQD3EEdCQqjFjgo+U9sL
Tl7/cObMRReNSMd3LcMtFLqqavtS3UVPC5xdkV7oHMsXRhHAwJyh5Q2Vi7VKN/La
WhkPpBNK0iqNiiMejsRtozIUNkTPETVt5M1cJAy+UcbRyAV1sNDkrXkrWwJfUwmZ
fRpiM+wqhG2B12ZzxeH6xm32uQKBgQDySufGzbTxuodHxPLVxrUHHrqD0CWmlmjb
6cvAE5bMneBVZ5+20xYoVI/cHA5QzvJtRSWUm6lTzWZFJsU1lYVDK1yesWSxhp40
ZD6XaBPU5hi/aq7Rl9qqGLOKAXJvqKto5eAugvREFx5D0TC0pf6sJfj/Gky6v0Ut
Qazjaw8DMwKBgQC/9b3oFbLcDAiZdL30guf8wNQSUnyCIdIZH01OcZS3ZHfxYkq/
p93ONWzwG68QXjjc8srAXx+22d351I60aNyf8nOq5rB5WKMA0xx7sxjt61x7JnvE
7slAliHwnclEpYzYbJFhnAdRUFz/g50pzLH7KyyLvGj5QUsxGMcD+bjmwQKBgC9n
RE169YnNqqX5/GCizcwk0Oz1Dki3aLCN31Um//vsb3WGHpNQXSdq0/KGcq6QrpF+
U8ntYoWIzBd/bFn9dOMdWrOZlU++PLmXWz+YFzkyA2l/39AV26wnxQidG9yIrXCK
eP/gkxW3SC6QgOz3BQp9K2gNpzFqNoiSLtcXnQpNAoGAe9wMr5o+yOCZ6HKRNNlO
BbpH8x2sbRJTuGZhJxHP2ADK3PWiZ6/YDaLsalx63hmt1stvBBwaQFsZiP2jK99E
YOi6qi5NR3N3HYQ6+ixUZdV4dZZv1NUloWMZhGN5nV36SWzrnqw1s4yZAfj6ugZZ
kbjfI8/UDKS127dO9BR84CY=
-----END PRIVATE KEY-----
`;

/** Self-signed, for `RSA_KEY`, until 2119. */
export const RSA_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIDDTCCAfWgAwIBAgIUOYxUi+XwHakylxzGUdngDAL0oeowDQYJKoZIhvcNAQEL
BQAwFTETMBEGA1UEAwwKYXV0aC10ZXN0czAgFw0yNjExMjEwODE1MjdaGA8yMTE5
MTIyNDA4MTUyN1owFTETMBEGA1UEAwwKYXV0aC10ZXN0czCCASIwDQYJKoZIhvcN
AQEBBQADggEPADCCAQoCggEBAOnVrcDJlWC7uvndUPVYICRt+4YWVPGWdPuJjPYB
1k7xh7bFt38jUS/BTGwsplzviyfC7nAmtPxxTjVJyCOpZbcikQUX7wVo465oyQBq
ZfkST7V0vZ9ZrOIkXGgfWkD+9ZCAgU7wh7HV2Z+b6fzUTqeP5S2YrFra8A5zho/0
dLTUG9es9rkxo0eHh5QWV6goZjUok1s61t4q4gfebMoWaxR+ruEPGrHJJ46Lpi6d
hAcngQBBX4fK8abiyHY4h1xfqxGYMkdYta6FtBfwFvmywr7sUCeRkDpJhbfQrSNb
ssUsiv+itI7xYtNAAzilSMgDEul94niOw7anb/Kd5JmjUdsCAwEAAaNTMFEwHQYD
VR0OBBYEFA+8rLLwHqBTI/MELbzRwrRPixR1MB8GA1UdIwQYMBaAFA+8rLLwHqBT
I/MELbzRwrRPixR1MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEB
AAVQ89+OQZQJQb2cyOF9fi9ptr7WGF+ttSgwcNwjVu6g4IPrN5Qwpp0c5C9jCWoS
URfzz0I+Ja9Oja4rDWcJn+xIL3qsX6vQOVGnkL2m09RNIDfAXzF77dOS8uhmtLle
YkSyhWz9MkQoefvqxkd6cKQs1XUaOuXGg1s0wszPxo1rGJWAtEzzdT+Zw39Ioc7C
UXcFBeofJoZmby3aPj8MqQ+Zp02YG6HTBlB764VzGmnaAETjaWTxIO0v1kQefNRy
MS8ZAEpb4SSkCSo6sU/MWNXoQoF0YgiwXqgiCbFomYLvuifQeltYQoRgYfL8VFnO
AhRFLOPbCHGzXjgdVoTbPPY=
-----END CERTIFICATE-----
`;

/** Another one, which isn't trusted. */
export const OTHER_RSA_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDRN4mRwvxxeaAY
S8Bsu8sp3tly/FzHR8azAS3dm+RbtB9HRD9OL3BHHOzAdAIxTi7ao9G3HG9/9ALN
PVJ/LtOIyHxuuVIP/IDrwOoicEi+TZoXL7aSqaOm54tKne8Gd10SHFYLAMA+pzm+
29jkAGIZnB1o1d9yloctPrdoIpU51LXtEu80MBzQZJ3gwX4dbfNtsyEGXQJrjRwn
WmENoISsFomWiYy/5JY9KAr8Jt07JiMii6p6+TzSs18qExYXRLV2XPFEOLYO08Wu
9K9AzGV32XG3aewfGLEZsIKXIeiKYQGK3P3zovOQ2jeIMyGbcEvAjKrN1EXfB+dW
oyGAi3u7AgMBAAECggEAPiQCQt6Iz4WCBSVeyoz+u3l62bnWLsSFYn6bqmJWsdwu
nCLLsMPLU/vl4AW07wMbTIpyzDHwdi86M86edbMpVkvCFbsKgkAL5LogcMkr+gYf
mfpsfmRPfM/yIeAF8kQ6yxnKfqsi7pkJwEQZSCNK//NMEurPWwAVt10U6aO38fxP
1SKtCsrdo3BUy5lvqVTq0tS3ibHoMdjm56eIQmLUT1UFg4hfxtayBkKz7owymSqt
Y5JF1NJClJUbTi1joIEw6KsHbUt29Pz3kONAIYGPEjO1H+QLHohqQ1uIX/rEWh8b
f/lrEuONQ/LCQdNcTT4TyS7qqciC+NClVIyq8N+RMQKBgQDwt6Om0BdSEDGFdq0b
oji9t1IvT/DGK1EwMOeAbiDxHRPt90sX34E+G+RyYUhyCK88ysBGZ0gwfqLj2trb
KdTR4+t+iJHlcU+HEZ48EUk0madBdHBBVO9mlr8dgkw/fF2jfLBeOahCM0NcrkdL
bIlC5WCGIs/NdDCbTz0Axz1m0QKBgQDef+yuA0pBbqd++HD3ts8tu5e8JdYSwuEo
/BrNm2nkxFC5HQ8bb+dkt2sCMDINuY2BpTpuGorUzg/Cg62mLC22PaL+vvQ9qv3D
c/WA7O4+LH8Km4+2UOJwr8ds6bWFN+u9O0PlE6T003jhRk676xoFwWtP0L17YPMV
ii8MsZC0ywKBgFuSUHQt5yE1vdD6w4GmpZUuPtp2u653XgxKHlcSDgALQsCc+Xkc
cksRS0dj0K5otVkX/CsMMT8ZfZfWcrk64ZXy8WwSQgYZo9pLDnnlTYbwCNtykx2X
VPce05dDMQRZqDmAPoupvWNpou+H8OE1acYEAkMkzQ5oa/E5JIi+QpJxAoGBAIZR
PYTy8YG8lhq9Sh0QW9Ok2n23bZsX0CsYvel/N5bluEF3vGX40PxpCY1hoOXOLRGl
uDc9iK/c0YDAUzTsmI/ad6pHhlQwBE9Ykk1JOq2H2Q2DSWdrPrd+NeqWz4DjeEld
HKiOildNzjxYYDFrRONSl0Cwp6JyrWxEZhDIpK2vAoGAVINcbf0yqoZwlHUmKJtK
uc+eiRI2zdXlL3cGC5Rgg2SB27YjsxPjaUFdYL2hBwu609XObHhRifPLzpY7CX2j
0Dq6GWiTrQ/JEfhH4T8F+52nWXljmo/4Zg/b9i77FAjq6W+YFHjpmAU0+ku+Yi7G
3qeDsOe5UagB1isQbYdClXs=
-----END PRIVATE KEY-----
`;

/** P-256. */
export const EC_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU+YQM3NQPQFHiywc
w8xZK8JKlX/rC5noY6B6BLlVpy6hRANCAAS/18+ujGlo1HHGFSRYbFRBUGQF2ZgI
SKHD/KEHRza6qPEjkDYsXHtnlxE1Xqfluo1VS5aZqvp3Ct5u3FOgTXct
-----END PRIVATE KEY-----
`;

/** SPKI in PEM: what an issuer knows of a key. */
export function publicKey(pem: string): string {
  return createPublicKey(pem).export({ type: "spki", format: "pem" }) as string;
}

/** `RSA PRIVATE KEY`, as some services hand keys out. */
export function pkcs1(pem: string): string {
  return exported(createPrivateKey(pem), { type: "pkcs1", format: "pem" });
}

/** `EC PRIVATE KEY`. */
export function sec1(pem: string): string {
  return exported(createPrivateKey(pem), { type: "sec1", format: "pem" });
}

export function encrypted(pem: string, type: "pkcs8" | "pkcs1" = "pkcs8"): string {
  return exported(createPrivateKey(pem), { type, format: "pem", cipher: "aes-256-cbc", passphrase: "secret" });
}

function exported(key: KeyObject, options: object): string {
  return key.export(options as { type: "pkcs8"; format: "pem" }) as string;
}

/** @returns its path; gone when the tests are */
export function keyFile(text: string | Uint8Array, name = "key.pem", mode = 0o600): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, text, { mode });
  return path;
}
