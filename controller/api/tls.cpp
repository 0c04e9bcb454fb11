// SPDX-License-Identifier: Apache-2.0
#include "controller/api/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <string_view>

#include "http/pem.h"

namespace smic::api {
namespace {

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Check = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

// A client that offers nothing we speak goes on without ALPN, as before there was any.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 9> kOurs{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, size, kOurs.data(), kOurs.size(), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

int believe_for_now(int, X509_STORE_CTX*) { return 1; }

// No session is resumed: a client's certificate is looked at on every connection.
Result<Context> serving_context(const std::string& chain, const std::string& key) {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail("TLS cannot be set up: " + http::last_tls_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, believe_for_now);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  if (auto shown = http::show(context.get(), "the serving", chain, key); !shown) {
    return std::unexpected(shown.error());
  }
  return context;
}

bool vouches(X509_STORE* store, X509* certificate, STACK_OF(X509) * chain) {
  const Check check(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(check.get(), store, certificate, chain) != 1) return false;
  X509_STORE_CTX_set_default(check.get(), "ssl_client");
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return good;
}

std::string text_of(const X509_NAME_ENTRY* entry) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return {};
  std::string copy(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

std::vector<std::string> names_in(X509* certificate, int kind) {
  std::vector<std::string> names;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, kind, at)) >= 0;) {
    names.push_back(text_of(X509_NAME_get_entry(subject, at)));
  }
  return names;
}

}  // namespace

Result<void> TlsIdentity::use(const std::string& chain, const std::string& key) {
  auto context = serving_context(chain, key);
  if (!context) return std::unexpected(context.error());
  const std::lock_guard lock(mutex_);
  context_ = std::shared_ptr<SSL_CTX>(std::move(*context));
  return {};
}

ssl_ctx_st* TlsIdentity::reference() const {
  const std::lock_guard lock(mutex_);
  if (context_) SSL_CTX_up_ref(context_.get());
  return context_.get();
}

Result<void> ClientAuthorities::replace(const std::string& name, const std::string& authorities) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  const std::size_t count = http::add_authorities(store.get(), authorities);
  if (count == 0 && !authorities.empty()) {
    return fail("the authorities of clients called " + name + " are not in PEM");
  }
  const std::lock_guard lock(mutex_);
  if (count == 0) {
    stores_.erase(name);
  } else {
    stores_[name] = std::move(store);
  }
  return {};
}

std::optional<ClientCertificate> ClientAuthorities::identify(ssl_st* session) const {
  const http::Certificate certificate(SSL_get1_peer_certificate(session));
  if (!certificate) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, store] : stores_) {
    if (!vouches(store.get(), certificate.get(), SSL_get_peer_cert_chain(session))) continue;
    const auto common = names_in(certificate.get(), NID_commonName);
    return ClientCertificate{name, common.empty() ? "" : common.front(),
                             names_in(certificate.get(), NID_organizationName)};
  }
  return std::nullopt;
}

}  // namespace smic::api
