# SPDX-License-Identifier: GPL-2.0-only
# A workload for openssl: known keys, ciphers, hashes, a signature.
set -eu
for i in {1..300}; do echo "line $i of what is hashed"; done > text
for hash in md5 sha1 sha256 sha512 sha3-256 blake2b512; do openssl dgst -$hash text; done
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
iv=0f0e0d0c0b0a09080706050403020100
for cipher in aes-128-cbc aes-256-ctr camellia-256-cbc chacha20; do
	openssl enc -$cipher -K ${key:0:$(( ${cipher//[!0-9]/} == 128128 ? 32 : 64 ))} -iv $iv -in text -out secret.$cipher 2> said ||
		openssl enc -$cipher -K ${key:0:32} -iv $iv -in text -out secret.$cipher
	openssl dgst -sha256 secret.$cipher
done
openssl dgst -sha256 -hmac secret text
openssl prime -hex FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74
openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:word -kdfopt salt:salt -kdfopt iter:200 PBKDF2
