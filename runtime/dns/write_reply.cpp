// SPDX-License-Identifier: Apache-2.0
// Tested by answer_test.cpp, where dig's and ldns's way of reading is the judge.
#include <algorithm>

#include "runtime/dns/message.h"

namespace smic::dns {
namespace {

constexpr std::uint16_t kKeptFlags = 0x7910;  // opcode, RD and CD come back as they went
constexpr std::size_t kOptBytes = 11;
constexpr std::uint32_t kDnssecOk = 0x8000;
constexpr std::uint16_t kPointer = 0xC000;

}  // namespace

Reply::Reply(const Query& query, std::size_t limit)
    : query_(query),
      limit_(limit - (query.edns ? kOptBytes : 0)),
      flags_(static_cast<std::uint16_t>(kResponse | (query.flags & kKeptFlags))) {
  out_.assign(kHeaderBytes, '\0');
  out_ += query.question;
}

void Reply::put16(std::uint16_t value) {
  out_ += static_cast<char>(value >> 8);
  out_ += static_cast<char>(value);
}

void Reply::put32(std::uint32_t value) {
  put16(static_cast<std::uint16_t>(value >> 16));
  put16(static_cast<std::uint16_t>(value));
}

// As many labels as it takes until the rest is the end of the question's name, then a pointer
// there. The question begins right behind the header, so every pointer is small enough.
void Reply::put(const Name& name) {
  const std::string_view asked = query_.name.wire();
  std::string_view rest = name.wire();
  while (rest.size() > 1 && !asked.ends_with(rest)) {
    const std::size_t label = 1 + static_cast<std::size_t>(rest.front());
    out_ += rest.substr(0, label);
    rest.remove_prefix(label);
  }
  if (rest.size() <= 1) {
    out_ += '\0';
  } else {
    put16(static_cast<std::uint16_t>(kPointer | (kHeaderBytes + asked.size() - rest.size())));
  }
}

void Reply::begin_record(Type type, const Name& owner, std::uint32_t ttl) {
  record_ = out_.size();
  put(owner);
  put16(static_cast<std::uint16_t>(type));
  put16(kInternet);
  put32(ttl);
  put16(0);
  data_ = out_.size();
}

bool Reply::end_record(Section section) {
  if (out_.size() > limit_) {
    out_.resize(record_);
    return false;
  }
  const std::size_t size = out_.size() - data_;
  out_[data_ - 2] = static_cast<char>(size >> 8);
  out_[data_ - 1] = static_cast<char>(size);
  ++counts_[static_cast<std::size_t>(section)];
  return true;
}

bool Reply::address(Section section, const Name& owner, std::uint32_t ttl, std::string_view bytes) {
  begin_record(bytes.size() == 4 ? Type::a : Type::aaaa, owner, ttl);
  out_ += bytes;
  return end_record(section);
}

bool Reply::target(Section section, Type type, const Name& owner, std::uint32_t ttl,
                   const Name& target) {
  begin_record(type, owner, ttl);
  put(target);
  return end_record(section);
}

bool Reply::service(const Name& owner, std::uint32_t ttl, std::uint16_t port, const Name& target) {
  begin_record(Type::srv, owner, ttl);
  put16(0);    // priority
  put16(100);  // weight
  put16(port);
  out_ += target.wire();
  return end_record(Section::answer);
}

bool Reply::authority(Section section, const Name& owner, std::uint32_t ttl,
                      const Authority& fields) {
  begin_record(Type::soa, owner, ttl);
  put(fields.server);
  put(fields.mailbox);
  for (const std::uint32_t number :
       {fields.serial, fields.refresh, fields.retry, fields.expire, fields.minimum}) {
    put32(number);
  }
  return end_record(section);
}

std::string Reply::finish(Rcode rcode) {
  const auto code = static_cast<std::uint16_t>(rcode);
  if (query_.edns) {
    out_ += '\0';
    put16(static_cast<std::uint16_t>(Type::opt));
    put16(kEdnsUdpBytes);
    put32(static_cast<std::uint32_t>(code >> 4) << 24 | (query_.edns->dnssec_ok ? kDnssecOk : 0));
    put16(0);
    ++counts_[static_cast<std::size_t>(Section::additional)];
  }
  std::string header;
  header.swap(out_);
  put16(query_.id);
  put16(static_cast<std::uint16_t>(flags_ | (code & 15)));
  put16(query_.question.empty() ? 0 : 1);
  for (const std::uint16_t count : counts_) put16(count);
  std::copy(out_.begin(), out_.end(), header.begin());
  return header;
}

}  // namespace smic::dns
