#!/bin/sh
echo text | mutt -n -F /dev/null -e "set smtp_url=smtp://$1:$2/" -e 'set ssl_force_tls=no' -e 'set from=zoe@example.com' \
    -e 'set use_envelope_from=yes' -e 'set copy=no' -s 'hällo' -- bob@example.org
