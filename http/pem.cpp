// SPDX-License-Identifier: Apache-2.0
#include "http/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>

#include "base/check.h"

namespace smic::http {
namespace {

using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

Memory reading(std::string_view pem) {
  return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string text_in(const Memory& memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Certificate next_certificate(const Memory& text) {
  return Certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
}

}  // namespace

void free_certificate(x509_st* certificate) { X509_free(certificate); }
void free_key(evp_pkey_st* key) { EVP_PKEY_free(key); }

std::vector<Certificate> read_certificates(std::string_view pem) {
  std::vector<Certificate> certificates;
  const Memory text = reading(pem);
  while (Certificate each = next_certificate(text)) certificates.push_back(std::move(each));
  ERR_clear_error();  // the text's end
  return certificates;
}

Certificate read_certificate(std::string_view pem) {
  Certificate certificate = next_certificate(reading(pem));
  ERR_clear_error();
  return certificate;
}

Key read_key(std::string_view pem) {
  const Memory text = reading(pem);
  Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

std::string write_certificate(x509_st& certificate) {
  const Memory text(BIO_new(BIO_s_mem()));
  SMIC_CHECK(PEM_write_bio_X509(text.get(), &certificate) == 1, "a certificate cannot be written");
  return text_in(text);
}

std::string write_key(evp_pkey_st& key) {
  const Memory text(BIO_new(BIO_s_secmem()));
  const int done =
      PEM_write_bio_PrivateKey(text.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  SMIC_CHECK(done == 1, "a key cannot be written");
  return text_in(text);
}

std::size_t add_authorities(x509_store_st* store, std::string_view pem) {
  const std::vector<Certificate> authorities = read_certificates(pem);
  for (const Certificate& each : authorities) X509_STORE_add_cert(store, each.get());
  return authorities.size();
}

Result<void> show(ssl_ctx_st* context, std::string_view whose, std::string_view chain,
                  std::string_view key) {
  const std::vector<Certificate> certificates = read_certificates(chain);
  if (certificates.empty()) return fail(std::string(whose) + " certificate is not in PEM");
  SSL_CTX_use_certificate(context, certificates.front().get());
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, certificates[i].get());
  }
  const Key secret = read_key(key);
  if (!secret) return fail(std::string(whose) + " key is not in PEM");
  if (SSL_CTX_use_PrivateKey(context, secret.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail(std::string(whose) + " key does not fit its certificate: " + last_tls_error());
  }
  return {};
}

std::string last_tls_error() {
  std::array<char, 256> text{};
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "no reason given";
  ERR_error_string_n(error, text.data(), text.size());
  return text.data();
}

}  // namespace smic::http
