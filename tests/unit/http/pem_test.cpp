// SPDX-License-Identifier: Apache-2.0
// Two authorities that openssl made, and the first one's key in both of its forms.
#include "http/pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::http;

namespace {

const std::string kFirst = R"(-----BEGIN CERTIFICATE-----
MIIBeDCCAR2gAwIBAgIUDfQEayvpcvx/JkSRjfP9ApueETEwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTI3MTg0MDQ0WhgPMjEyNjExMDMxODQw
NDRaMBAxDjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
WPcRCMpQETuLxAH2enEWg41p8Bq2X6qbhIMBf2Q9LljLNwNzA+gVkNLPD3CiCreh
ZjiTfuhsmx1/vFteyz4GjKNTMFEwHQYDVR0OBBYEFHFEAjMUta63/TEA+oEgy2F+
C9DhMB8GA1UdIwQYMBaAFHFEAjMUta63/TEA+oEgy2F+C9DhMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAPXO7j8LUegdOicKVtvHUmYcH6UYw8AV
QCMJScrjBKx4AiEA3M+YBScTrXssvOU3mNNT9sQTiWegAGau2ue05KmHYv4=
-----END CERTIFICATE-----
)";
const std::string kSecond = R"(-----BEGIN CERTIFICATE-----
MIIBeDCCAR+gAwIBAgIUNKczI/ArEkPI8foVXksi8hVU2icwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGc2Vjb25kMCAXDTI2MTEyNzE4NDA0NFoYDzIxMjYxMTAzMTg0
MDQ0WjARMQ8wDQYDVQQDDAZzZWNvbmQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATyBSi4RYO/jCo6jm3LCp2V9B43nrl0YoMSFkmbMbPltFPkswh1YxAMgR9quOEk
YezUXExT1LO/v0//T62Cooo1o1MwUTAdBgNVHQ4EFgQUJiuGOt+zOREBB7RKvWS+
qB62QykwHwYDVR0jBBgwFoAUJiuGOt+zOREBB7RKvWS+qB62QykwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAnJa9xCLE/H/cd5NVDpooWjKEAue5l
PwlLdOb1GSL+QwIgHUhkzovJVN6Ctoe+Lv6FWXKQ5ME7+zjwbHqKsk3wDxk=
-----END CERTIFICATE-----
)";
const std::string kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvOEgrDRxpVL6R/cL
w9MpE5t8s0neaZiqS4T/3rbn4KKhRANCAARY9xEIylARO4vEAfZ6cRaDjWnwGrZf
qpuEgwF/ZD0uWMs3A3MD6BWQ0s8PcKIKt6FmOJN+6GybHX+8W17LPgaM
-----END PRIVATE KEY-----
)";
const std::string kOldKey = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEILzhIKw0caVS+kf3C8PTKRObfLNJ3mmYqkuE/9625+CioAoGCCqGSM49
AwEHoUQDQgAEWPcRCMpQETuLxAH2enEWg41p8Bq2X6qbhIMBf2Q9LljLNwNzA+gV
kNLPD3CiCrehZjiTfuhsmx1/vFteyz4GjA==
-----END EC PRIVATE KEY-----
)";
const std::string kOtherKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHx5/0ihsrOHBQyak
IzPw9Arjx24+D+tANNBNTZhWy2ShRANCAATyBSi4RYO/jCo6jm3LCp2V9B43nrl0
YoMSFkmbMbPltFPkswh1YxAMgR9quOEkYezUXExT1LO/v0//T62Cooo1
-----END PRIVATE KEY-----
)";

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;

Result<void> shown(const std::string& chain, const std::string& key) {
  const Context context(SSL_CTX_new(TLS_method()));
  return show(context.get(), "our", chain, key);
}

}  // namespace

TEST_CASE("certificates are read in their order, and written as they were", "[pem]") {
  const auto read = read_certificates("a chain\n" + kFirst + "# and\n" + kSecond);
  REQUIRE(read.size() == 2);
  CHECK(write_certificate(*read[0]) == kFirst);
  CHECK(write_certificate(*read[1]) == kSecond);
  CHECK(write_certificate(*read_certificate(kSecond + kFirst)) == kSecond);
}

TEST_CASE("what cannot be read is none, and leaves no error behind", "[pem]") {
  std::string cut = kFirst;
  cut.erase(cut.size() / 2, 4);
  for (const std::string& text : {std::string(), std::string("no PEM"), cut, kKey}) {
    CHECK(read_certificates(text).empty());
    CHECK(read_certificate(text) == nullptr);
    CHECK(last_tls_error() == "no reason given");
  }
  CHECK(read_certificates(kFirst + cut + kSecond).size() == 1);
  CHECK(read_key(kFirst) == nullptr);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("a key is read in both of its forms, and written as PKCS#8", "[pem]") {
  CHECK(write_key(*read_key(kKey)) == kKey);
  CHECK(write_key(*read_key(kOldKey)) == kKey);
}

TEST_CASE("a chain is shown with the key of its first certificate", "[pem]") {
  const Context context(SSL_CTX_new(TLS_method()));
  REQUIRE(show(context.get(), "our", kFirst + kSecond, kKey));
  STACK_OF(X509)* rest = nullptr;
  SSL_CTX_get0_chain_certs(context.get(), &rest);
  REQUIRE(sk_X509_num(rest) == 1);
  CHECK(write_certificate(*SSL_CTX_get0_certificate(context.get())) == kFirst);
  CHECK(write_certificate(*sk_X509_value(rest, 0)) == kSecond);
}

TEST_CASE("what cannot be shown says why", "[pem]") {
  CHECK(shown("", kKey).error().message == "our certificate is not in PEM");
  CHECK(shown(kFirst, kFirst).error().message == "our key is not in PEM");
  CHECK(shown(kFirst, kOtherKey).error().message.starts_with(
      "our key does not fit its certificate: "));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("authorities are added, and counted", "[pem]") {
  const Store store(X509_STORE_new());
  CHECK(add_authorities(store.get(), kFirst + kSecond) == 2);
  CHECK(add_authorities(store.get(), "no PEM") == 0);
  CHECK(sk_X509_OBJECT_num(X509_STORE_get0_objects(store.get())) == 2);
}
