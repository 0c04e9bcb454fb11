// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/keys/certificate_test.cpp.
#include "controller/keys/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/ip.h"
#include "http/pem.h"

namespace smic::keys {
namespace {

using http::Certificate;
using http::Key;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

constexpr long kVersion3 = 2;
constexpr std::size_t kSerialBytes = 16;

Key new_key() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  SMIC_CHECK(key, "EC P-256 is not available");
  return key;
}

CertifiedKey to_pem(const Certificate& certificate, const Key& key) {
  return {http::write_certificate(*certificate), http::write_key(*key)};
}

void set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes;
  SMIC_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1, "no random bytes are left");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // positive, and of full length
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

void set_name(X509_NAME* name, const std::string& text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()), -1, 0);
}

// A certificate for a key, with all but its extensions and signature.
Certificate begin(const Key& key, const std::string& name, Time from, Time until) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), kVersion3);
  set_serial(certificate.get());
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), Clock::to_time_t(from));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), Clock::to_time_t(until));
  X509_set_pubkey(certificate.get(), key.get());
  set_name(X509_get_subject_name(certificate.get()), name);
  return certificate;
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// "DNS:a,IP:127.0.0.1". A comma in a name would be read as the next one.
Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of(", \t\n") != name.npos) {
      return fail("`" + name + "` is no name for a certificate");
    }
    list += (list.empty() ? "" : ",") + std::string(IpAddress::parse(name) ? "IP:" : "DNS:") + name;
  }
  if (list.empty()) return fail("a certificate needs a name");
  return list;
}

}  // namespace

CertifiedKey make_authority(const std::string& name, Time from, Time until) {
  const Key key = new_key();
  const Certificate certificate = begin(key, name, from, until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  const bool done =
      extend(certificate.get(), certificate.get(), NID_basic_constraints,
             "critical,CA:TRUE,pathlen:0") &&
      extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      extend(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  SMIC_CHECK(done, "an authority cannot be made");
  return to_pem(certificate, key);
}

Result<CertifiedKey> issue(const CertifiedKey& authority, const std::vector<std::string>& names,
                           Time from, Time until) {
  const auto alternatives = alternative_names(names);
  if (!alternatives) return std::unexpected(alternatives.error());
  const Certificate issuer = http::read_certificate(authority.certificate);
  const Key issuer_key = http::read_key(authority.key);
  if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return fail("the authority's certificate and key do not fit together");
  }
  const Key key = new_key();
  const Certificate certificate = begin(key, "smic-controller", from, until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  const bool done =
      extend(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      extend(certificate.get(), issuer.get(), NID_key_usage, "critical,digitalSignature") &&
      extend(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth") &&
      extend(certificate.get(), issuer.get(), NID_subject_key_identifier, "hash") &&
      extend(certificate.get(), issuer.get(), NID_authority_key_identifier, "keyid") &&
      extend(certificate.get(), issuer.get(), NID_subject_alt_name, *alternatives) &&
      X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0;
  ERR_clear_error();
  if (!done) return fail("no certificate can be made for " + *alternatives);
  return to_pem(certificate, key);
}

Result<Time> end_of(const std::string& pem) {
  const Certificate certificate = http::read_certificate(pem);
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    return fail("this is no certificate in PEM");
  }
  return std::chrono::floor<std::chrono::seconds>(Clock::from_time_t(::timegm(&end)));
}

}  // namespace smic::keys
