// SPDX-License-Identifier: Apache-2.0
// Bytes from anybody, read in one pass. What is wrong is told by `error`, with as much of the query
// as was understood before, for the reply has to carry it: BADVERS goes with OPT and question,
// FORMERR with the id alone. Tested by read_query_test.cpp, fuzz_dns.cpp.
#include <algorithm>

#include "runtime/dns/message.h"

namespace smic::dns {
namespace {

constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint32_t kDnssecOk = 0x8000;
constexpr std::uint8_t kPointer = 0xC0;

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == bytes_.size(); }
  std::size_t at() const { return at_; }

  std::uint8_t get8() {
    if (!skip(1)) return 0;
    return static_cast<std::uint8_t>(bytes_[at_ - 1]);
  }
  std::uint16_t get16() {
    const std::uint8_t high = get8();
    return static_cast<std::uint16_t>(high << 8 | get8());
  }
  std::uint32_t get32() {
    const std::uint32_t high = get16();
    return high << 16 | get16();
  }
  bool skip(std::size_t count) {
    if (!ok_ || bytes_.size() - at_ < count) return ok_ = false;
    at_ += count;
    return true;
  }

  // An uncompressed name: the first in a message has nothing to point at.
  std::string_view name() {
    const std::size_t begin = at_;
    while (const std::uint8_t length = get8()) {
      if (length > kMaxLabel || !skip(length) || at_ - begin >= kMaxName) {
        ok_ = false;
        return {};
      }
    }
    return ok_ ? bytes_.substr(begin, at_ - begin) : std::string_view();
  }

  // Of whatever form; true if it is the root. A pointer ends it, and is not followed.
  bool skip_name() {
    const std::size_t begin = at_;
    while (const std::uint8_t length = get8()) {
      if ((length & kPointer) == kPointer) return skip(1) && false;
      if (length > kMaxLabel || !skip(length) || at_ - begin >= kMaxName) return ok_ = false;
    }
    return ok_ && at_ - begin == 1;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

bool read_question(Cursor& in, std::string_view message, Query& query) {
  const std::string_view name = in.name();
  query.type = in.get16();
  query.klass = in.get16();
  if (!in.ok()) return false;
  query.name = Name::of_wire(name);
  query.question = message.substr(kHeaderBytes, in.at() - kHeaderBytes);
  return true;
}

// One additional record: OPT is taken, others (TSIG, whatever comes) are passed over.
bool read_additional(Cursor& in, Query& query) {
  const bool root = in.skip_name();
  const std::uint16_t type = in.get16();
  const std::uint16_t klass = in.get16();
  const std::uint32_t ttl = in.get32();
  in.skip(in.get16());
  if (!in.ok()) return false;
  if (type != static_cast<std::uint16_t>(Type::opt)) return true;
  if (!root || query.edns) return false;  // RFC 6891 §6.1.1
  query.edns = Edns{klass, static_cast<std::uint8_t>(ttl >> 16), (ttl & kDnssecOk) != 0};
  return true;
}

bool read_body(Cursor& in, std::string_view message, Query& query) {
  const std::uint16_t questions = in.get16();
  const std::uint16_t answers = in.get16();
  const std::uint16_t authorities = in.get16();
  const std::uint16_t additionals = in.get16();
  // One question (RFC 9619), and nothing said yet: what would answers in a query mean?
  if (questions != 1 || answers != 0 || authorities != 0) return false;
  if (!read_question(in, message, query)) return false;
  for (std::uint16_t i = 0; i < additionals; ++i) {
    if (!read_additional(in, query)) return false;
  }
  return in.at_end();
}

}  // namespace

std::optional<Query> read_query(std::string_view message) {
  if (message.size() < kHeaderBytes) return std::nullopt;
  Cursor in(message);
  Query query;
  query.id = in.get16();
  query.flags = in.get16();
  if ((query.flags & kResponse) != 0) return std::nullopt;
  if (query.opcode() != 0) {  // the rest of it may have any form
    query.error = Rcode::not_implemented;
  } else if (!read_body(in, message, query)) {
    query.error = Rcode::format_error;
    query.question = {};
    query.edns.reset();
  } else if (query.edns && query.edns->version != 0) {
    query.error = Rcode::bad_version;
  }
  return query;
}

}  // namespace smic::dns
