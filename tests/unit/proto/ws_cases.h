// What a WebSocket server must make of what a client sends, as a table: frames in, frames out, for a server that sends
// every message back. The groups are those by which WebSocket servers are commonly compared: 1 framing, 2 pings and
// pongs, 3 reserved bits, 4 opcodes, 5 fragmentation, 7 closing, 9 limits, 10 fragments of equal size. Group 6 is in
// ws_utf8_cases.h, 12 and 13 are in test_ws_compression.c. The notation is that of ws_notation.h.
#ifndef HW_TEST_WS_CASES_H
#define HW_TEST_WS_CASES_H

struct ws_case {
    const char *name, *in, *out;
};

// Close codes: 1002 is <03 ea>, 1007 <03 ef>, 1009 <03 f1>.
// clang-format off
static const struct ws_case ws_cases[] = {
    // ---- 1: framing ----
    {"1.1 text, nothing in it", "81", "81"},
    {"1.1 text of 125 bytes, the longest 7-bit length", "81 125*'*'", "81 125*'*'"},
    {"1.1 text of 126", "81 126*'*'", "81 126*'*'"},
    {"1.1 text of 127", "81 127*'*'", "81 127*'*'"},
    {"1.1 text of 128", "81 128*'*'", "81 128*'*'"},
    {"1.1 text of 65,535, the longest 16-bit length", "81 65535*'*'", "81 65535*'*'"},
    {"1.1 text of 65,536", "81 65536*'*'", "81 65536*'*'"},
    {"1.2 binary, nothing in it", "82", "82"},
    {"1.2 binary of 125 bytes", "82 125*<fe>", "82 125*<fe>"},
    {"1.2 binary of 126", "82 126*<fe>", "82 126*<fe>"},
    {"1.2 binary of 127", "82 127*<fe>", "82 127*<fe>"},
    {"1.2 binary of 128", "82 128*<fe>", "82 128*<fe>"},
    {"1.2 binary of 65,535", "82 65535*<fe>", "82 65535*<fe>"},
    {"1.2 binary of 65,536", "82 65536*<fe>", "82 65536*<fe>"},
    {"1.3 one after the other", "81 'a' 82 <00> 81 82 81 'b'", "81 'a' 82 <00> 81 82 81 'b'"},
    {"1.4 a 7-bit length in 16 bits", "81 'a' {82 fe 00 7d}", "81 'a' 88 <03 ea>"},
    {"1.4 a 7-bit length in 64 bits", "{82 ff 00 00 00 00 00 00 00 7d 00 00 00 00}", "88 <03 ea>"},
    {"1.4 a 16-bit length in 64 bits", "{82 ff 00 00 00 00 00 00 ff ff 00 00 00 00}", "88 <03 ea>"},
    {"1.4 a length of 64 bits, of which 63 are allowed", "{82 ff 80 00 00 00 00 01 00 00 00 00 00 00}", "88 <03 ea>"},
    {"1.5 no mask", "{81 02 68 69}", "88 <03 ea>"},
    {"1.5 no mask, behind a masked frame", "81 'a' {81 02 68 69} 81 'b'", "81 'a' 88 <03 ea>"},
    {"1.5 a ping without mask", "{89 00}", "88 <03 ea>"},
    {"1.5 a close without mask", "{88 02 03 e8}", "88 <03 ea>"},
    {"1.5 a mask of zeros", "{81 82 00 00 00 00 68 69}", "81 'hi'"},

    // ---- 2: pings and pongs ----
    {"2.1 ping, nothing in it", "89", "8a"},
    {"2.2 ping with text", "89 'Hello, world!'", "8a 'Hello, world!'"},
    {"2.3 ping with bytes that are no text", "89 <00 ff fe fd fc fb 00 ff>", "8a <00 ff fe fd fc fb 00 ff>"},
    {"2.4 ping of 125 bytes", "89 125*<fe>", "8a 125*<fe>"},
    {"2.5 ping of 126", "89 126*<fe>", "88 <03 ea>"},
    {"2.5 ping of 65,536", "89 65536*<fe>", "88 <03 ea>"},
    {"2.7 pong that nobody asked for", "8a", ""},
    {"2.8 pong with a payload", "8a 'unsolicited'", ""},
    {"2.9 pong, then ping", "8a 'unsolicited' 89 'ping'", "8a 'ping'"},
    {"2.10 ten pings at once", "89 '0' 89 '1' 89 '2' 89 '3' 89 '4' 89 '5' 89 '6' 89 '7' 89 '8' 89 '9'",
     "8a '0' 8a '1' 8a '2' 8a '3' 8a '4' 8a '5' 8a '6' 8a '7' 8a '8' 8a '9'"},
    {"2.11 pong of 126", "8a 126*'p'", "88 <03 ea>"},

    // ---- 3: reserved bits, where no extension was agreed on ----
    {"3.1 RSV3", "91 'x'", "88 <03 ea>"},
    {"3.2 RSV2, behind a message, before a ping", "81 'a' a1 'x' 89", "81 'a' 88 <03 ea>"},
    {"3.3 RSV2 and RSV3", "81 'a' b1 'x' 89", "81 'a' 88 <03 ea>"},
    {"3.4 RSV1", "81 'a' c1 'x' 89", "81 'a' 88 <03 ea>"},
    {"3.5 RSV1 and RSV3 of a binary message", "d2 8*<00>", "88 <03 ea>"},
    {"3.6 RSV1 and RSV2 of a ping", "e9 'x'", "88 <03 ea>"},
    {"3.7 all of a close", "f8 <03 e8>", "88 <03 ea>"},
    {"3.8 of a continuation", "01 'a' 90 'b'", "88 <03 ea>"},
    {"3.9 told by the first byte alone", "{91}", "88 <03 ea>"},

    // ---- 4: opcodes ----
    {"4.1 3, nothing in it", "83", "88 <03 ea>"},
    {"4.1 4 with a payload", "84 'reserved'", "88 <03 ea>"},
    {"4.1 5 behind a message, before a ping", "81 'a' 85 89", "81 'a' 88 <03 ea>"},
    {"4.1 6 with a payload, the same", "81 'a' 86 'r' 89", "81 'a' 88 <03 ea>"},
    {"4.1 7 amid a message", "01 'a' 87 'r' 80 'b'", "88 <03 ea>"},
    {"4.2 11, nothing in it", "8b", "88 <03 ea>"},
    {"4.2 12 with a payload", "8c 'reserved'", "88 <03 ea>"},
    {"4.2 13 behind a message, before a ping", "81 'a' 8d 89", "81 'a' 88 <03 ea>"},
    {"4.2 14 with a payload, the same", "81 'a' 8e 'r' 89", "81 'a' 88 <03 ea>"},
    {"4.2 15 amid a message", "01 'a' 8f 'r' 80 'b'", "88 <03 ea>"},
    {"4.3 told by the first byte alone", "{83}", "88 <03 ea>"},

    // ---- 5: fragmentation ----
    {"5.1 a ping in two", "09 'fragment1' 80 'fragment2'", "88 <03 ea>"},
    {"5.2 a pong in two", "0a 'fragment1' 80 'fragment2'", "88 <03 ea>"},
    {"5.2 a close in two", "08 <03> 80 <e8>", "88 <03 ea>"},
    {"5.3 text in two", "01 'fragment1' 80 'fragment2'", "81 'fragment1fragment2'"},
    {"5.3 binary in two", "02 <00 ff> 80 <ff 00>", "82 <00 ff ff 00>"},
    {"5.6 a ping between", "01 'fragment1' 89 'ping' 80 'fragment2'", "8a 'ping' 81 'fragment1fragment2'"},
    {"5.6 a pong between", "01 'fragment1' 8a 'pong' 80 'fragment2'", "81 'fragment1fragment2'"},
    {"5.9 nothing to continue, FIN", "80 'x' 81 'Hello'", "88 <03 ea>"},
    {"5.12 nothing to continue, no FIN", "00 'x' 81 'Hello'", "88 <03 ea>"},
    {"5.15 nothing left to continue", "01 'a' 80 'b' 00 'c' 81 'd'", "81 'ab' 88 <03 ea>"},
    {"5.15 the same, FIN", "01 'a' 80 'b' 80 'c' 81 'd'", "81 'ab' 88 <03 ea>"},
    {"5.18 a second message within", "01 'fragment1' 81 'fragment2'", "88 <03 ea>"},
    {"5.18 a second one in fragments within", "01 'fragment1' 01 'fragment2' 80", "88 <03 ea>"},
    {"5.18 a binary one within a text", "01 'fragment1' 82 'fragment2'", "88 <03 ea>"},
    {"5.19 five parts and two pings", "01 'a' 00 'b' 89 '1' 00 'c' 00 'd' 89 '2' 80 'e'", "8a '1' 8a '2' 81 'abcde'"},
    {"5.20 empty parts", "01 00 'a' 00 89 00 'b' 80", "8a 81 'ab'"},
    {"5.20 nothing but empty parts", "01 00 00 80", "81"},
    {"5.21 a fragmented message after the other", "01 'a' 80 'b' 02 'c' 80 'd' 81 'e'", "81 'ab' 82 'cd' 81 'e'"},
    {"5.22 a message that never ends says nothing", "01 'a' 00 'b'", ""},

    // ---- 7: closing ----
    {"7.1.1 a message, then the close", "81 'Hello' 88 <03 e8>", "81 'Hello' 88 <03 e8>"},
    {"7.1.2 two closes", "88 <03 e8> 88 <03 e8>", "88 <03 e8>"},
    {"7.1.3 a ping after it", "88 <03 e8> 89", "88 <03 e8>"},
    {"7.1.4 a message after it", "88 <03 e8> 81 'x'", "88 <03 e8>"},
    {"7.1.5 amid a message", "01 'fragment1' 88 <03 e8> 80 'fragment2'", "88 <03 e8>"},
    {"7.1.5 a broken frame after it", "88 <03 e8> 83 {81 01}", "88 <03 e8>"},
    {"7.1.6 behind 256 KiB", "81 262144*'B' 88 <03 e8> 89", "81 262144*'B' 88 <03 e8>"},
    {"7.3.1 nothing in it", "88", "88"},
    {"7.3.2 one byte", "88 'a'", "88 <03 ea>"},
    {"7.3.3 a code", "88 <03 e8>", "88 <03 e8>"},
    {"7.3.4 a code and a reason", "88 <03 e8> 'Hello, world!'", "88 <03 e8>"},
    {"7.3.5 the longest reason", "88 <03 e8> 123*'*'", "88 <03 e8>"},
    {"7.3.6 a reason too long by one", "88 <03 e8> 124*'*'", "88 <03 ea>"},
    {"7.5.1 a reason that isn't UTF-8", "88 <03 e8 ce ba e1 bd b9 ed a0 80 65>", "88 <03 ef>"},
    {"7.5.1 a reason cut amid a character", "88 <03 e8 ce>", "88 <03 ef>"},
    {"7.5.1 a reason in UTF-8", "88 <03 e8 ce ba f0 9f 8e 89>", "88 <03 e8>"},
    {"7.7 1000", "88 <03 e8>", "88 <03 e8>"},
    {"7.7 1001", "88 <03 e9>", "88 <03 e9>"},
    {"7.7 1002", "88 <03 ea>", "88 <03 ea>"},
    {"7.7 1003", "88 <03 eb>", "88 <03 eb>"},
    {"7.7 1007", "88 <03 ef>", "88 <03 ef>"},
    {"7.7 1008", "88 <03 f0>", "88 <03 f0>"},
    {"7.7 1009", "88 <03 f1>", "88 <03 f1>"},
    {"7.7 1010", "88 <03 f2>", "88 <03 f2>"},
    {"7.7 1011", "88 <03 f3>", "88 <03 f3>"},
    {"7.7 1012, registered later", "88 <03 f4>", "88 <03 f4>"},
    {"7.7 1013, registered later", "88 <03 f5>", "88 <03 f5>"},
    {"7.7 1014, registered later", "88 <03 f6>", "88 <03 f6>"},
    {"7.7 3000", "88 <0b b8>", "88 <0b b8>"},
    {"7.7 3999", "88 <0f 9f>", "88 <0f 9f>"},
    {"7.7 4000", "88 <0f a0>", "88 <0f a0>"},
    {"7.7 4999", "88 <13 87>", "88 <13 87>"},
    {"7.9 0", "88 <00 00>", "88 <03 ea>"},
    {"7.9 999", "88 <03 e7>", "88 <03 ea>"},
    {"7.9 1004, reserved", "88 <03 ec>", "88 <03 ea>"},
    {"7.9 1005, never on the wire", "88 <03 ed>", "88 <03 ea>"},
    {"7.9 1006, never on the wire", "88 <03 ee>", "88 <03 ea>"},
    {"7.9 1015, never on the wire", "88 <03 f7>", "88 <03 ea>"},
    {"7.9 1016", "88 <03 f8>", "88 <03 ea>"},
    {"7.9 1100", "88 <04 4c>", "88 <03 ea>"},
    {"7.9 2000", "88 <07 d0>", "88 <03 ea>"},
    {"7.9 2999", "88 <0b b7>", "88 <03 ea>"},
    {"7.13 5000", "88 <13 88>", "88 <03 ea>"},
    {"7.13 65535", "88 <ff ff>", "88 <03 ea>"},

    // ---- 9: limits (1,000,000 bytes a message) ----
    {"9.1 text of 256 KiB", "81 262144*'*'", "81 262144*'*'"},
    {"9.2 binary of the limit", "82 1000000*<fe>", "82 1000000*<fe>"},
    {"9.2 a byte more, told by the header", "82:1000001", "88 <03 f1>"},
    {"9.2 the longest length there is", "{82 ff 7f ff ff ff ff ff ff ff 00 00 00 00}", "88 <03 f1>"},
    {"9.3 256 KiB in fragments of 64 bytes", "81/64 262144*'*'", "81 262144*'*'"},
    {"9.3 the limit in fragments of 4 KiB", "82/4096 1000000*<fe>", "82 1000000*<fe>"},
    {"9.3 a byte more, in two", "02 600000*<fe> 80:400001", "88 <03 f1>"},
    {"9.3 the limit is a message's, not the connection's", "81 600000*'a' 81 600000*'b'", "81 600000*'a' 81 600000*'b'"},
    {"9.4 a text beyond the limit that isn't UTF-8 so far", "01 <ff> 80:1000000", "88 <03 ef>"},

    // ---- 10: a message in parts of equal size ----
    {"10.1 64 KiB in parts of 1,300 bytes", "81/1300 65536*'*'", "81 65536*'*'"},
    {"10.1 64 KiB in parts of 65,535", "81/65535 65536*'*'", "81 65536*'*'"},
    {"10.1 a byte each", "81/1 2000*'*'", "81 2000*'*'"},
};
// clang-format on

#endif
