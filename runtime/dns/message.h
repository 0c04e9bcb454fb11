// SPDX-License-Identifier: Apache-2.0
// The codec: a query's bytes read, a reply's bytes written. RFC 1035 §4 and RFC 6891, no more of
// them than an authoritative server needs.
//
// Why our own. Debian has one library that would do (ldns; libknot is GPL). It reads a query of 64
// KiB, every record of which points into one long chain of pointers, in 95 ms of CPU: anybody who
// may ask over TCP could keep a node's DNS from answering with ten such a second, and nothing may
// hang us (invariant 2). Reading everything is the fault, and needless: a server looks at one
// question, which cannot be compressed, and skips over the additional records to find OPT. That is
// what read_query() does, in one pass without allocating, and writing is six kinds of records. ldns
// remains the judge: the fuzz harness and answer_test.cpp have it read what we write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/dns/name.h"

namespace smic::dns {

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kMaxMessage = 65535;
inline constexpr std::size_t kPlainUdpBytes = 512;  // without EDNS (RFC 1035 §2.3.4)
// What we offer and the most we send by UDP: fits every path without fragments (flag day 2020).
inline constexpr std::size_t kEdnsUdpBytes = 1232;

enum class Rcode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,  // its upper bits travel in OPT
};

enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  aaaa = 28,
  srv = 33,
  opt = 41,
  tkey = 249,
  tsig = 250,
  ixfr = 251,
  axfr = 252,
  any = 255,
};

inline constexpr std::uint16_t kInternet = 1;  // the class

struct Edns {
  std::uint16_t udp_bytes = 0;  // what the asker can take
  std::uint8_t version = 0;
  bool dnssec_ok = false;  // comes back as it went (RFC 3225 §3)
};

struct Query {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::string_view question;  // its bytes, letters as they were written; empty = could not be read
  Name name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::optional<Edns> edns;
  Rcode error = Rcode::no_error;  // what is wrong with it as a message

  int opcode() const { return flags >> 11 & 15; }
};

// Nothing: to be dropped, since it has no whole header, or is itself a response.
std::optional<Query> read_query(std::string_view message);

// ---- replies ----------------------------------------------------------------------------------

enum class Section : std::uint8_t { answer, authority, additional };

// Writes header and question at once, then records as long as they fit, then OPT. A record that
// does not fit leaves no trace. Names are compressed against the question's, which all that we say
// has its end in common with; those in SRV never (RFC 2782).
class Reply {
 public:
  Reply(const Query& query, std::size_t limit);

  bool address(Section section, const Name& owner, std::uint32_t ttl, std::string_view bytes);
  bool target(Section section, Type type, const Name& owner, std::uint32_t ttl, const Name& target);
  bool service(const Name& owner, std::uint32_t ttl, std::uint16_t port, const Name& target);
  struct Authority {
    Name server, mailbox;
    std::uint32_t serial, refresh, retry, expire, minimum;
  };
  bool authority(Section section, const Name& owner, std::uint32_t ttl, const Authority& fields);

  void set_authoritative() { flags_ |= kAuthoritative; }
  void set_truncated() { flags_ |= kTruncated; }

  std::string finish(Rcode rcode);

 private:
  static constexpr std::uint16_t kResponse = 0x8000;
  static constexpr std::uint16_t kAuthoritative = 0x0400;
  static constexpr std::uint16_t kTruncated = 0x0200;

  void put16(std::uint16_t value);
  void put32(std::uint32_t value);
  void put(const Name& name);
  // Everything up to the data; end_record() fills in its length, or takes the record back.
  void begin_record(Type type, const Name& owner, std::uint32_t ttl);
  bool end_record(Section section);

  const Query& query_;
  std::size_t limit_;  // OPT's room is off already
  std::uint16_t flags_;
  std::uint16_t counts_[3] = {};
  std::size_t record_ = 0;  // where the record under way begins, and its data
  std::size_t data_ = 0;
  std::string out_;
};

}  // namespace smic::dns
