// An intrusive doubly linked list: embed a `struct list` in the item, get back with LIST_ITEM.
#ifndef HW_BASE_LIST_H
#define HW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *prev, *next;
};

#define LIST_ITEM(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
// `next` is read before the body, so that the body may remove `it`.
#define LIST_EACH(it, next_, head)                                                                                     \
    for (struct list *it = (head)->next, *next_ = it->next; it != (head); it = next_, next_ = it->next)

static inline void list_init(struct list *l)
{
    l->prev = l->next = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_push_back(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node; // NOLINT(clang-analyzer-core.NullDereference): a list is initialised before its first use
    head->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_push_back(head->next, node);
}

// Removing a node that is in no list (freshly initialised, or removed before) does nothing.
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#endif
