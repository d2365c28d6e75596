// Numbered migrations, compiled in from src/store/migrations/<backend>; both backends have the same numbers and names.
// Internal to src/store.
#ifndef HW_STORE_MIGRATIONS_H
#define HW_STORE_MIGRATIONS_H

struct migration {
    int version; // its place, counted from 1
    const char *name, *sql;
};

#endif
