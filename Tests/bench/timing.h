// What the measuring programs share: a clock, a sample of times, a way to give up.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

static inline uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline int compare_times(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

// Prints the median and the 99th percentile, in microseconds.
static inline void print_percentiles(uint64_t *times, size_t count) {
    qsort(times, count, sizeof *times, compare_times);
    printf("%.2f %.2f\n", (double)times[count / 2] / 1000, (double)times[count - 1 - count / 100] / 1000);
}
