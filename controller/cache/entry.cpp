// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cache/cache_test.cpp.
#include "controller/cache/entry.h"

#include <cstring>

#include "contract/digest.h"

namespace smic::cache {
namespace {

constexpr std::string_view kMagic = "smic-compiled 1\n";
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

}  // namespace

std::string entry_of(std::string_view key, const CompiledUnit& unit) {
  const std::string names = contract::to_json(with_address(unit.names));
  std::string rest;
  for (int i = 0; i < 4; ++i) rest += static_cast<char>(names.size() >> (8 * i) & 0xff);
  rest += names;
  rest.append(reinterpret_cast<const char*>(unit.image.data()), unit.image.size());
  const contract::Hash hash = hash_for(key, rest);
  std::string entry(kMagic);
  entry.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return entry += rest;
}

std::optional<CompiledUnit> unit_of(std::string_view key, std::string_view entry) {
  if (!entry.starts_with(kMagic) || entry.size() < kHead + 4) return std::nullopt;
  const std::string_view rest = entry.substr(kHead);
  const contract::Hash hash = hash_for(key, rest);
  if (std::memcmp(entry.data() + kMagic.size(), hash.data(), hash.size()) != 0) {
    return std::nullopt;
  }
  std::size_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(rest[i]);
  if (size > rest.size() - 4) return std::nullopt;
  auto names = contract::unit_from_json(rest.substr(4, size));
  if (!names) return std::nullopt;
  const auto image = std::as_bytes(std::span(rest.substr(4 + size)));
  if (names->image != contract::digest_of(image)) return std::nullopt;
  return CompiledUnit{{image.begin(), image.end()}, without_address(*std::move(names))};
}

}  // namespace smic::cache
