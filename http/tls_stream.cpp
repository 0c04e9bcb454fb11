// SPDX-License-Identifier: Apache-2.0
// TLS on top of a stream: the one place that knows OpenSSL's TLS. The engine
// reads and writes memory; this moves the bytes, so deadlines and Stop are the stream's below.
// Tested against a real API server by tests/system.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "base/ip.h"
#include "http/pem.h"
#include "http/stream.h"

namespace smic::http {
namespace {

constexpr std::array<unsigned char, 9> kOnlyHttp1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::size_t kRecord = 16 * 1024 + 512;  // more than a TLS record takes

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL_free>>;

Outcome<void> trust(SSL_CTX* context, const std::string& authorities) {
  if (authorities.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  if (add_authorities(SSL_CTX_get_cert_store(context), authorities) > 0) return {};
  return fault(Fault::untrusted, "the certificate authority is no certificate in PEM");
}

Outcome<void> identify(SSL_CTX* context, const TlsOptions& options) {
  if (options.certificate.empty()) return {};
  const auto shown = show(context, "the client's", options.certificate, options.key);
  if (!shown) return fault(Fault::unauthorized, shown.error().message);
  return {};
}

Outcome<Context> context_of(const TlsOptions& options) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fault(Fault::unreachable, "TLS cannot be set up: " + last_tls_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kOnlyHttp1.data(), kOnlyHttp1.size());
  if (auto done = trust(context.get(), options.authorities); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = identify(context.get(), options); !done) return std::unexpected(done.error());
  return context;
}

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> under, Context context)
      : under_(std::move(under)),
        context_(std::move(context)),
        session_(SSL_new(context_.get())),
        from_peer_(BIO_new(BIO_s_mem())),
        to_peer_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(session_.get(), from_peer_, to_peer_);  // the session owns them
  }

  Outcome<void> shake_hands(const std::string& name, Deadline deadline) {
    X509_VERIFY_PARAM* verify = SSL_get0_param(session_.get());
    if (IpAddress::parse(name)) {
      X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str());
    } else {
      SSL_set_tlsext_host_name(session_.get(), name.c_str());
      X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size());
    }
    for (;;) {
      const int done = SSL_connect(session_.get());
      const int want = SSL_get_error(session_.get(), done);
      if (auto sent = flush(deadline); !sent) return sent;
      if (done == 1) return {};
      if (want != SSL_ERROR_WANT_READ) return failed("TLS with " + name);
      auto more = fill(deadline);
      if (!more) return std::unexpected(more.error());
      if (*more == 0) return fault(Fault::unreachable, "the server closed while TLS began");
    }
  }

  Outcome<std::size_t> read(std::span<char> into, Deadline deadline) override {
    for (;;) {
      std::size_t size = 0;
      const int done = SSL_read_ex(session_.get(), into.data(), into.size(), &size);
      const int want = SSL_get_error(session_.get(), done);
      if (auto sent = flush(deadline); !sent) return std::unexpected(sent.error());
      if (done == 1) return size;
      if (want == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
      if (want != SSL_ERROR_WANT_READ) return std::unexpected(failed("read").error());
      auto more = fill(deadline);
      if (!more || *more == 0) return more;
    }
  }

  Outcome<void> write(std::string_view bytes, Deadline deadline) override {
    std::size_t size = 0;
    if (!bytes.empty() && SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &size) != 1) {
      return failed("write");
    }
    return flush(deadline);
  }

 private:
  Outcome<std::size_t> fill(Deadline deadline) {
    auto size = under_->read(record_, deadline);
    if (size) BIO_write(from_peer_, record_.data(), static_cast<int>(*size));
    return size;
  }

  Outcome<void> flush(Deadline deadline) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(to_peer_, &bytes);
    if (size <= 0) return {};
    auto sent = under_->write({bytes, static_cast<std::size_t>(size)}, deadline);
    (void)BIO_reset(to_peer_);
    return sent;
  }

  Outcome<void> failed(const std::string& what) const {
    const long verdict = SSL_get_verify_result(session_.get());
    if (verdict == X509_V_OK) return fault(Fault::unreachable, what + ": " + last_tls_error());
    ERR_clear_error();
    return fault(Fault::untrusted, what + ": " + X509_verify_cert_error_string(verdict));
  }

  std::unique_ptr<Stream> under_;
  Context context_;
  Session session_;
  BIO* from_peer_;
  BIO* to_peer_;
  std::array<char, kRecord> record_;
};

}  // namespace

Outcome<std::unique_ptr<Stream>> secure(std::unique_ptr<Stream> under, const TlsOptions& options,
                                        Deadline deadline) {
  auto context = context_of(options);
  if (!context) return std::unexpected(context.error());
  auto stream = std::make_unique<TlsStream>(std::move(under), std::move(*context));
  if (auto done = stream->shake_hands(options.server_name, deadline); !done) {
    return std::unexpected(done.error());
  }
  return stream;
}

}  // namespace smic::http
