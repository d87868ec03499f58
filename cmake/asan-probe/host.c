/* The host of the probe: with an argument it lets the library commit its fault. */
#include <stdint.h>

uint64_t read_freed_memory(void);

int main(int count, char **arguments) {
    (void)arguments;
    return count > 1 ? (int)read_freed_memory() : 0;
}
