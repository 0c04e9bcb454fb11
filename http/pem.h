// SPDX-License-Identifier: Apache-2.0
// Certificates and keys in PEM, as OpenSSL's objects with an owner, and what both ends of TLS do
// with them. Types of OpenSSL are named here and no more: its headers stay in .cpp files.
//
// Nothing is thrown; what cannot be read is null or none, and leaves nothing in OpenSSL's queue of
// errors.
//
// Tested by tests/unit/http/pem_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/freed.h"
#include "base/result.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;

namespace smic::http {

void free_certificate(x509_st* certificate);
void free_key(evp_pkey_st* key);
using Certificate = std::unique_ptr<x509_st, Freed<free_certificate>>;
using Key = std::unique_ptr<evp_pkey_st, Freed<free_key>>;

// All that there are, in their order; of a text that goes bad, those before.
std::vector<Certificate> read_certificates(std::string_view pem);
Certificate read_certificate(std::string_view pem);  // the first
Key read_key(std::string_view pem);

std::string write_certificate(x509_st& certificate);
std::string write_key(evp_pkey_st& key);  // PKCS#8, by memory that is wiped

// How many authorities were added.
std::size_t add_authorities(x509_store_st* store, std::string_view pem);

// Has the context show this chain, ours first, and prove that the key is known. `whose` for the
// error: "the client's" certificate, key.
Result<void> show(ssl_ctx_st* context, std::string_view whose, std::string_view chain,
                  std::string_view key);

// What OpenSSL says of the last failure in this thread; takes it out of the queue.
std::string last_tls_error();

}  // namespace smic::http
