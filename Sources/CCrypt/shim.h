/// crypt(3), for the passwords of logins: hashes are those of the system's own shadow file.
#ifndef CCRYPT_SHIM_H
#define CCRYPT_SHIM_H

#include <crypt.h>
#include <stdlib.h>

/// The hash of `phrase` by the method and salt of `setting`, in a buffer of the caller's to free(3) whole; NULL where
/// memory is short. An invalid setting gives a text that begins with `*`.
static inline struct crypt_data *ccrypt_hash(const char *phrase, const char *setting) {
    struct crypt_data *data = (struct crypt_data *)calloc(1, sizeof *data);
    if (data) crypt_r(phrase, setting, data);
    return data;
}
static inline const char *ccrypt_output(const struct crypt_data *data) { return data->output; }

#endif
