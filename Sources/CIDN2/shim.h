/// libidn2 without the names that it has from libidn.
#ifndef CIDN2_SHIM_H
#define CIDN2_SHIM_H

#define IDN2_SKIP_LIBIDN_COMPAT
#include <idn2.h>

#endif
