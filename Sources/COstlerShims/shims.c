#include "ostler_shims.h"
