// Every table but schema_migrations, by what its rows are known by: for whoever carries rows from one database to
// another.
#ifndef HW_STORE_TABLE_LIST_H
#define HW_STORE_TABLE_LIST_H

enum { TABLE_KEYS_MAX = 4 };

struct listed_table {
    const char *name;
    const char *keys[TABLE_KEYS_MAX + 1];
    const char *serial; // the column that the database gives out, or NULL
};

extern const struct listed_table listed_tables[];
extern const int n_listed_tables;

#endif
