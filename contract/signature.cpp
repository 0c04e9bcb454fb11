// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/signature_test.cpp (against the vectors of RFC 8032 too).
#include "contract/signature.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/check.h"
#include "base/freed.h"
#include "contract/digest.h"

namespace smic::contract {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

EVP_PKEY* as_key(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }

Memory reading(std::string_view text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_in(BIO* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Key key_of(const VerifyingKey& key) {
  return Key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
}

Result<VerifyingKey> verifying_from_pem(std::string_view pem) {
  const Memory text = reading(pem);
  const Key key(PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  VerifyingKey out;
  std::size_t size = out.bytes.size();
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), out.bytes.data(), &size) != 1) {
    return fail("a public key is not Ed25519 in PEM");
  }
  return out;
}

// One block of a PEM text.
struct Block {
  std::string_view label;
  std::string_view text;  // with its dashes, without what is around it
};

// The next block, which is cut off `rest`. Text between blocks is a comment, as in OpenSSL.
Result<Block> next_block(std::string_view& rest, std::size_t begin) {
  constexpr std::string_view kBegin = "-----BEGIN ", kDashes = "-----";
  const std::size_t label = begin + kBegin.size();
  const std::size_t dashes = rest.find(kDashes, label);
  if (dashes == rest.npos) return fail("a PEM block has no name");
  const std::string_view name = rest.substr(label, dashes - label);
  const std::string ending = "-----END " + std::string(name) + "-----";
  const std::size_t end = rest.find(ending, dashes);
  if (end == rest.npos) return fail("a PEM block does not end");
  const Block block{name, rest.substr(begin, end + ending.size() - begin)};
  rest.remove_prefix(end + ending.size());
  return block;
}

}  // namespace

std::string VerifyingKey::id() const {
  const std::string_view raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const Hash hash = hash_of(raw);
  return to_hex(std::span(hash).first(8));
}

bool VerifyingKey::verifies(std::string_view message, const Signature& signature) const {
  const Key key = key_of(*this);
  const Context context(EVP_MD_CTX_new());
  const bool good =
      key && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

std::string VerifyingKey::to_pem() const {
  const Memory out(BIO_new(BIO_s_mem()));
  const Key key = key_of(*this);
  SMIC_CHECK(key && PEM_write_bio_PUBKEY(out.get(), key.get()) == 1, "a key cannot be written");
  return text_in(out.get());
}

SigningKey::SigningKey(std::shared_ptr<void> key) : key_(std::move(key)) {
  std::size_t size = verifying_.bytes.size();
  SMIC_CHECK(EVP_PKEY_get_raw_public_key(as_key(key_), verifying_.bytes.data(), &size) == 1,
             "a private key without its public half");
}

SigningKey SigningKey::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  SMIC_CHECK(key != nullptr, "Ed25519 is not available");
  return SigningKey(std::shared_ptr<void>(
      key, [](void* old) { Freed<EVP_PKEY_free>()(static_cast<EVP_PKEY*>(old)); }));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const Memory text = reading(pem);
  Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return fail("the signing key is not Ed25519 in PEM");
  }
  return SigningKey(std::shared_ptr<void>(std::move(key)));
}

Signature SigningKey::sign(std::string_view message) const {
  Signature signature;
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  const bool done =
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, as_key(key_)) == 1 &&
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) ==
          1;
  SMIC_CHECK(done && size == signature.size(), "signing failed");
  return signature;
}

std::string SigningKey::to_pem() const {
  const Memory out(BIO_new(BIO_s_secmem()));
  const int done =
      PEM_write_bio_PrivateKey(out.get(), as_key(key_), nullptr, nullptr, 0, nullptr, nullptr);
  SMIC_CHECK(done == 1, "a key cannot be written");
  return text_in(out.get());
}

const VerifyingKey* Trust::find(std::string_view id) const {
  const auto found = std::ranges::find(keys, id, &VerifyingKey::id);
  return found == keys.end() ? nullptr : &*found;
}

Result<Trust> trust_from_pem(std::string_view bundle) {
  if (bundle.size() > kMaxTrustBytes) return fail("the trust bundle is too long");
  Trust trust;
  std::size_t begin = 0;
  while ((begin = bundle.find("-----BEGIN ")) != bundle.npos) {
    const auto block = next_block(bundle, begin);
    if (!block) return fail(block, "trust bundle");
    if (block->label == "CERTIFICATE") {
      (trust.authorities += block->text) += '\n';
    } else if (block->label == "PUBLIC KEY") {
      auto key = verifying_from_pem(block->text);
      if (!key) return fail(key, "trust bundle");
      trust.keys.push_back(*key);
    } else {
      return fail("trust bundle: a block `" + std::string(block->label.substr(0, 40)) +
                  "` is neither a certificate nor a public key");
    }
  }
  if (trust.authorities.empty()) return fail("trust bundle: there is no certificate in it");
  if (trust.keys.empty()) return fail("trust bundle: there is no public key in it");
  return trust;
}

std::string to_pem(const Trust& trust) {
  std::string text = trust.authorities;
  for (const VerifyingKey& key : trust.keys) text += key.to_pem();
  return text;
}

}  // namespace smic::contract
