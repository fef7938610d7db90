// The ids that sandboxes of root run as.
#ifndef OSTLER_IDS_H
#define OSTLER_IDS_H

#include <stdbool.h>
#include <stdint.h>

/// Opens the file of the locks. Fails where there is no place for it that only root writes to.
bool ids_start(void);

/// Takes an id of the range that nobody has, for as long as the launcher lives; keeps one that was taken before.
bool ids_claim(uint32_t *id);

#endif
