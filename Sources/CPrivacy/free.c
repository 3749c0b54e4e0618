/* Memory is overwritten before it is given back, in the whole process: passwords and tokens pass through strings, arrays
 * and buffers of Swift, Foundation, NIO and libc, and each of them leaves copies behind that nobody would ever look
 * after. (glibc's own M_PERTURB does the same, but not to the small blocks that each thread keeps for itself.)
 *
 * A function of this name in the program goes before the C library's, for all who call it; what it gives back is the
 * C library's own all the same. */
#include "CPrivacy.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
/* They have an allocator of their own, and look at what is given back to it. */
#define IS_SANITIZED
#endif
#endif

#ifdef IS_SANITIZED

bool jeton_wipes_freed_memory(void) { return false; }

#else

extern void __libc_free(void *block);
extern void *__libc_malloc(size_t size);

bool jeton_wipes_freed_memory(void) { return true; }

/* What the C library writes into the second word of a block that each thread keeps for itself: by that it knows a block
 * that is freed twice, so there it stays. No such word: it keeps none. */
static uintptr_t kept_mark;

__attribute__((constructor)) static void learn_kept_mark(void) {
    volatile uintptr_t *block = __libc_malloc(2 * sizeof *block);
    if (block == NULL) return;
    block[1] = 0;
    __libc_free((void *)block);
    kept_mark = block[1];
}

void free(void *block) {
    if (block == NULL) return;
    volatile uintptr_t *words = block;
    uintptr_t second = words[1];
    explicit_bzero(block, malloc_usable_size(block));
    if (second == kept_mark) words[1] = second;
    __libc_free(block);
}

/* The C library's would move a block without a word of what it leaves behind. */
void *realloc(void *block, size_t size) {
    if (block == NULL) return __libc_malloc(size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    size_t capacity = malloc_usable_size(block);
    if (size <= capacity && size >= capacity / 2) return block;
    void *larger = __libc_malloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, block, size < capacity ? size : capacity);
    free(block);
    return larger;
}

#endif
