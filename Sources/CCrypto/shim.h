#pragma once
/* The one-block-at-a-time SHA-256 calls work on a context of the caller's own, without an allocation; OpenSSL 3 marks
   them deprecated in favour of EVP, which allocates a context for every digest. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
