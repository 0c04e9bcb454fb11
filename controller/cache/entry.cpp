// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cache/cache_test.cpp.
#include "controller/cache/entry.h"

#include <cstring>

#include "contract/digest.h"

namespace smic::cache {
namespace {

constexpr std::string_view kMagic = "smic-compiled 2\n";
constexpr std::size_t kHead = kMagic.size() + sizeof(contract::Hash);

contract::Hash hash_for(std::string_view key, std::string_view rest) {
  std::string all(key);
  all += '\n';
  return contract::hash_of(all += rest);
}

// A unit in a manifest has an address; what was only compiled has none yet.
contract::Unit with_address(contract::Unit names) {
  names.listen_addresses = {"127.0.0.1"};
  names.listen_port = 1;
  return names;
}

contract::Unit without_address(contract::Unit names) {
  names.listen_addresses.clear();
  names.listen_port = 0;
  return names;
}

// ---- a text with its size before it ------------------------------------------------------------

void put(std::string& out, std::string_view text) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(text.size() >> (8 * i) & 0xff);
  out += text;
}

std::optional<std::string_view> take(std::string_view& in) {
  if (in.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 4; i-- > 0;) size = size << 8 | static_cast<unsigned char>(in[i]);
  if (size > in.size() - 4) return std::nullopt;
  const std::string_view text = in.substr(4, size);
  in.remove_prefix(4 + size);
  return text;
}

std::string_view as_text(const contract::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<contract::Bytes> take_image(std::string_view& in, const std::string& digest) {
  const auto text = take(in);
  if (!text) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(*text));
  if (contract::digest_of(bytes) != digest) return std::nullopt;
  return contract::Bytes(bytes.begin(), bytes.end());
}

}  // namespace

std::string entry_of(std::string_view key, const CompiledUnit& unit) {
  std::string rest;
  put(rest, contract::to_json(with_address(unit.names)));
  put(rest, as_text(unit.image));
  for (const contract::Bytes& image : unit.native) put(rest, as_text(image));
  const contract::Hash hash = hash_for(key, rest);
  std::string entry(kMagic);
  entry.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return entry += rest;
}

std::optional<CompiledUnit> unit_of(std::string_view key, std::string_view entry) {
  if (!entry.starts_with(kMagic) || entry.size() < kHead) return std::nullopt;
  std::string_view rest = entry.substr(kHead);
  const contract::Hash hash = hash_for(key, rest);
  if (std::memcmp(entry.data() + kMagic.size(), hash.data(), hash.size()) != 0) {
    return std::nullopt;
  }
  const auto text = take(rest);
  if (!text) return std::nullopt;
  auto names = contract::unit_from_json(*text);
  if (!names) return std::nullopt;
  CompiledUnit unit;
  auto tables = take_image(rest, names->image);
  if (!tables) return std::nullopt;
  unit.image = *std::move(tables);
  for (const contract::NativeImage& native : names->native) {
    auto image = take_image(rest, native.digest);
    if (!image) return std::nullopt;
    unit.native.push_back(*std::move(image));
  }
  if (!rest.empty()) return std::nullopt;
  unit.names = without_address(*std::move(names));
  return unit;
}

}  // namespace smic::cache
