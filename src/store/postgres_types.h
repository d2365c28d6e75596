// The types that statements bind and read, by their numbers in the server's catalogue (pg_type.h), where they never
// change. Internal to src/store.
#ifndef HW_STORE_POSTGRES_TYPES_H
#define HW_STORE_POSTGRES_TYPES_H

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT8 = 701,
    OID_INT4_ARRAY = 1007,
    OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016,
    OID_FLOAT8_ARRAY = 1022,
};

#endif
