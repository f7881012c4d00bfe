#!/usr/bin/env bash
# Makes what docker-compose.yml reads as files: passwords, the cities' API keys and HMAC secrets, and the signing keys. What
# is there already stays as it is, so it can be run again. Needs openssl.
#   deploy/make-secrets.sh [FOLDER]      the folder is deploy/secrets unless DATAHUB_SECRETS or the argument says otherwise
set -euo pipefail
default=$(cd "$(dirname "$0")" && pwd)/secrets
folder=${1:-${DATAHUB_SECRETS:-$default}}
umask 077
mkdir -p -- "$folder"
# Compose takes a word without a slash for the name of a volume, and looks for a relative path beside docker-compose.yml.
folder=$(cd -- "$folder" && pwd)
chmod 700 "$folder"

# Servers read these under user ids of their own: the folder, which only its owner can enter, is what keeps others out.
keep() { # name, content
  if [ ! -e "$folder/$1" ]; then
    printf '%s\n' "$2" >"$folder/$1.new"
    chmod 444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
  fi
}

for name in postgres_password datahub_db_password meishan_db_password rabbitmq_password \
  chengdu_api_key chengdu_secret deyang_api_key deyang_secret; do
  keep "$name" "$(openssl rand -hex 24)"
done
keep rabbitmq.conf "$(printf 'default_user = datahub\ndefault_pass = %s' "$(cat "$folder/rabbitmq_password")")"
keep meishan_exchange "Host=postgres;Database=meishan;Username=meishan;Password=$(cat "$folder/meishan_db_password");Maximum Pool Size=20"

# The cities' keys for the HTTP API. The simulated cities get the keys, the hub their hashes, in a folder where api-key adds others.
mkdir -p "$folder/callers"
for name in chengdu deyang meishan ziyang; do
  keep "${name}_hub_api_key" "dh_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"
done
if [ ! -e "$folder/callers/api-keys.json" ]; then
  {
    printf '{\n  "keys": ['
    comma=
    for city in chengdu:510100 deyang:510600 meishan:511400 ziyang:512000; do
      hash=$(tr -d '\n' <"$folder/${city%:*}_hub_api_key" | openssl dgst -sha256 -r | cut -c1-64)
      printf '%s\n    { "city": "%s", "sha256": "%s", "createdAt": "%s" }' "$comma" "${city#*:}" "$hash" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
      comma=,
    done
    printf '\n  ]\n}\n'
  } >"$folder/callers/api-keys.new"
  mv "$folder/callers/api-keys.new" "$folder/callers/api-keys.json"
fi

# Signing keys: a folder per role, with its own private key and the public keys of all. In production each party makes its
# key itself and hands over the public one.
from=$(date -u +%Y-%m-%d)
to=$((${from%%-*} + 2))-${from#*-}
to=${to/-02-29/-02-28}
key() { # node code, folder of its role
  local id=$1-es256-1 head
  mkdir -p "$folder/$2"
  if [ ! -e "$folder/$2/$id.key.pem" ]; then
    head=$(printf 'id: %s\ncity: %s\nsuite: ES256\nvalid-from: %sT00:00:00.0000000+00:00\nvalid-to: %sT00:00:00.0000000+00:00\n' "$id" "$1" "$from" "$to")
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$folder/$2/private.pem"
    mkdir -p "$folder/public"
    { printf '%s\n\n' "$head"; openssl pkey -in "$folder/$2/private.pem" -pubout; } >"$folder/public/$id.pub.pem"
    { printf '%s\n\n' "$head"; cat "$folder/$2/private.pem"; } >"$folder/$2/$id.key.new"
    rm "$folder/$2/private.pem"
    mv "$folder/$2/$id.key.new" "$folder/$2/$id.key.pem"
  fi
}
key 000000 broker
key 510100 adapter-chengdu
key 510600 adapter-deyang
key 511400 adapter-meishan
key 512000 adapter-ziyang
for role in broker adapter-chengdu adapter-deyang adapter-meishan adapter-ziyang; do
  cp "$folder"/public/*.pub.pem "$folder/$role/"
done
# All brokers need the same one, for as long as published results are to be found again.
if [ ! -e "$folder/broker/patients.secret" ]; then
  openssl rand -out "$folder/broker/patients.new" 32
  mv "$folder/broker/patients.new" "$folder/broker/patients.secret"
fi

# The containers run as the owner of the private keys and of the callers' hashes, which no one else may read; never as root.
user=$(id -u) group=$(id -g)
if [ "$user" -eq 0 ]; then
  user=1654 group=1654
  for role in broker adapter-chengdu adapter-deyang adapter-meishan adapter-ziyang callers; do
    chown -R "$user:$group" "$folder/$role"
  done
fi
echo "The secrets are in $folder. In .env (see .env.example) these lines must stand:"
echo "DATAHUB_UID=$user"
echo "DATAHUB_GID=$group"
if [ "$folder" != "$default" ]; then echo "DATAHUB_SECRETS=$folder"; fi
