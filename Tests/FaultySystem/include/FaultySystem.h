/* Nothing is called by name: what this library defines takes the place of the C library's functions. */
