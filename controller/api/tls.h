// SPDX-License-Identifier: Apache-2.0
// Our side of TLS: what we show, and whom we believe. Both can be replaced while connections go on;
// each keeps what it began with.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "controller/api/message.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_store_st;

namespace smic::api {

class TlsIdentity {
 public:
  Result<void> use(const std::string& chain, const std::string& key);
  ssl_ctx_st* reference() const;  // the caller's to free; null before the first use()

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;
};

// The handshake proves that the client holds its certificate's key; whether anybody vouches for the
// certificate is asked here, after it, per authority. So one who comes with a certificate that we
// do not know is a client without one, and can still ask for what needs none.
class ClientAuthorities {
 public:
  Result<void> replace(const std::string& name, const std::string& authorities);
  std::optional<ClientCertificate> identify(ssl_st* session) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<x509_store_st>> stores_;
};

}  // namespace smic::api
