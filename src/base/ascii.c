#include "base/ascii.h"

// By the sets a character is in.
enum {
    NO = 0,
    TEXT = ASCII_FIELD,
    SEEN = TEXT | ASCII_TARGET,
    TOKN = SEEN | ASCII_TOKEN,
    NAME = SEEN | ASCII_NAME,
    BOTH = TOKN | ASCII_NAME,
    HASH = TEXT | ASCII_TOKEN, // '#' alone
};

#define EIGHT(v) v, v, v, v, v, v, v, v

const unsigned char ascii_classes[256] = {
    EIGHT(NO),   NO,          TEXT,        NO,          NO,          NO,          NO,          NO,
    NO,          EIGHT(NO),   EIGHT(NO),   TEXT,        TOKN,        SEEN,        HASH,        TOKN,
    TOKN,        TOKN,        TOKN,                                                                  // ! " # $ % & '
    SEEN,        SEEN,        TOKN,        TOKN,        SEEN,        BOTH,        BOTH,        SEEN, // ( ) * + , - . /
    EIGHT(BOTH),                                                                                     // 0 1 2 3 4 5 6 7
    BOTH,        BOTH,        NAME,        SEEN,        SEEN,        SEEN,        SEEN,        SEEN, // 8 9 : ; < = > ?
    SEEN,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH, // @ A B C D E F G
    EIGHT(BOTH),                                                                                     // H I J K L M N O
    EIGHT(BOTH),                                                                                     // P Q R S T U V W
    BOTH,        BOTH,        BOTH,        SEEN,        SEEN,        SEEN,        TOKN,        BOTH, // X Y Z [ \ ] ^ _
    TOKN,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH,        BOTH, // ` a b c d e f g
    EIGHT(BOTH),                                                                                     // h i j k l m n o
    EIGHT(BOTH),                                                                                     // p q r s t u v w
    BOTH,        BOTH,        BOTH,        SEEN,        TOKN,        SEEN,        TOKN,        NO,   // x y z { | } ~
    EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT),
    EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT), EIGHT(TEXT),
};
