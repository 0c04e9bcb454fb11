// SPDX-License-Identifier: Apache-2.0
// Bytes from a resolver, which may be hostile or lied to. A pointer is followed only to a place
// before the label that it stands for, and a name ends at 255 bytes: no input makes it go round.
// Tested by read_outside_test.cpp, fuzz_dns_reply.cpp.
#include <algorithm>
#include <charconv>

#include "runtime/dns/resolved.h"

namespace smic::dns {
namespace {

constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint8_t kPointer = 0xC0;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::size_t kMaxRecordsRead = 1000;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }

  std::uint16_t get16() {
    const std::string_view two = take(2);
    return ok_ ? static_cast<std::uint16_t>(byte(two, 0) << 8 | byte(two, 1)) : 0;
  }
  std::uint32_t get32() {
    const std::uint32_t high = get16();
    return high << 16 | get16();
  }
  std::string_view take(std::size_t count) {
    if (!ok_ || bytes_.size() - at_ < count) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  // Of whatever form, whole.
  Name name() {
    std::string wire;
    std::size_t at = at_;
    bool jumped = false;
    for (std::size_t before = bytes_.size(); ok_;) {
      if (at >= bytes_.size()) return fail();
      const std::uint8_t length = byte(bytes_, at);
      if (length == 0) {
        if (!jumped) at_ = at + 1;
        wire += '\0';
        return Name::of_wire(wire);
      }
      if ((length & kPointer) == kPointer) {
        if (at + 1 >= bytes_.size()) return fail();
        const std::size_t to = static_cast<std::size_t>(length & 0x3F) << 8 | byte(bytes_, at + 1);
        if (to >= std::min(at, before)) return fail();
        if (!jumped) at_ = at + 2;
        jumped = true;
        before = at = to;
        continue;
      }
      const std::size_t whole = std::size_t{1} + length;
      if (length > kMaxLabel || bytes_.size() - at <= whole || wire.size() + whole >= kMaxName) {
        return fail();
      }
      wire += bytes_.substr(at, whole);
      at += whole;
    }
    return {};
  }

 private:
  static std::uint8_t byte(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
  }
  Name fail() {
    ok_ = false;
    return {};
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

struct AnyRecord {
  std::uint16_t type = 0;
  OutsideRecord record;
};

// Nothing: of no interest here. The reader stands behind it.
std::optional<AnyRecord> read_record(Reader& in, std::string_view message) {
  AnyRecord any{.record = {.owner = in.name()}};
  any.type = in.get16();
  const std::uint16_t klass = in.get16();
  any.record.ttl = in.get32();
  const std::uint16_t size = in.get16();
  const std::size_t begin = in.at();
  const std::string_view data = in.take(size);
  if (!in.ok() || klass != kInternet) return std::nullopt;
  switch (static_cast<Type>(any.type)) {
    case Type::a:
    case Type::aaaa:
      if (size != (any.type == static_cast<std::uint16_t>(Type::a) ? 4 : 16)) return std::nullopt;
      any.record.bytes = data;
      return any;
    case Type::cname: {
      // What is behind the record is no part of its name; pointers lead back, so that is enough.
      Reader inside(message.substr(0, begin + size));
      inside.take(begin);
      any.record.target = inside.name();
      return inside.ok() ? std::optional(any) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

// From the name asked for by way of its aliases to the addresses.
std::vector<OutsideRecord> follow(const std::vector<AnyRecord>& all, const Outside& wanted) {
  std::vector<OutsideRecord> chain;
  const auto of = [&](const Name& owner, std::uint16_t type) {
    return std::ranges::find_if(
        all, [&](const AnyRecord& any) { return any.type == type && any.record.owner == owner; });
  };
  Name at = wanted.name;
  while (chain.size() < kMaxOutsideRecords / 2) {
    const auto alias = of(at, static_cast<std::uint16_t>(Type::cname));
    if (alias == all.end()) break;
    chain.push_back(alias->record);
    at = alias->record.target;
  }
  for (const AnyRecord& any : all) {
    if (any.type != wanted.type || any.record.owner != at) continue;
    if (chain.size() == kMaxOutsideRecords) break;
    chain.push_back(any.record);
  }
  return chain;
}

}  // namespace

std::string outside_query(const Outside& wanted, std::uint16_t id) {
  std::string query;
  const auto put16 = [&query](std::uint16_t value) {
    query += static_cast<char>(value >> 8);
    query += static_cast<char>(value);
  };
  for (const std::uint16_t value : {id, kRecursionDesired}) put16(value);
  for (const std::uint16_t count : {1, 0, 0, 0}) put16(count);
  query += wanted.name.wire();
  put16(wanted.type);
  put16(kInternet);
  return query;
}

std::optional<Resolved> read_outside_reply(std::string_view message, const Outside& wanted,
                                           std::uint16_t id) {
  Reader in(message);
  const std::uint16_t its_id = in.get16();
  const std::uint16_t flags = in.get16();
  const std::uint16_t questions = in.get16();
  const std::uint16_t answers = in.get16();
  in.get32();  // authority and additional: not needed
  if (!in.ok() || its_id != id || (flags & kResponse) == 0 || questions != 1) return std::nullopt;
  const Name name = in.name();
  const std::uint16_t type = in.get16();
  if (in.get16() != kInternet || !in.ok() || name != wanted.name || type != wanted.type) {
    return std::nullopt;
  }
  Resolved resolved{.known = true, .rcode = static_cast<Rcode>(flags & 15)};
  std::vector<AnyRecord> all;
  for (std::uint16_t i = 0; i < answers && i < kMaxRecordsRead; ++i) {
    auto record = read_record(in, message);
    if (!in.ok()) return std::nullopt;
    if (record && all.size() < kMaxOutsideRecords) all.push_back(std::move(*record));
  }
  resolved.known = resolved.rcode == Rcode::no_error || resolved.rcode == Rcode::name_error;
  resolved.records = follow(all, wanted);
  return resolved;
}

std::vector<std::string> nameservers(std::string_view text) {
  std::vector<std::string> servers;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    constexpr std::string_view kWord = "nameserver";
    constexpr std::string_view kBlanks = " \t\r";
    if (!line.starts_with(kWord)) continue;
    line.remove_prefix(kWord.size());
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == 0 || begin == std::string_view::npos) continue;
    const std::string server(line.substr(begin, line.find_first_of(kBlanks, begin) - begin));
    const bool v6 = server.find(':') != std::string::npos;
    servers.push_back(v6 ? '[' + server + "]:53" : server + ":53");
  }
  return servers;
}

}  // namespace smic::dns
