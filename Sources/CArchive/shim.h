#pragma once
#include <archive.h>
#include <archive_entry.h>

// Swift sees no macros with casts in them.
static const unsigned int carchive_regular_file = AE_IFREG;
static const unsigned int carchive_directory = AE_IFDIR;
static const unsigned int carchive_symbolic_link = AE_IFLNK;
