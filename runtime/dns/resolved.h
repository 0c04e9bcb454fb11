// SPDX-License-Identifier: Apache-2.0
// What the cluster's DNS said of a name that an ExternalName leads to: asked for, read, and kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/dns/message.h"
#include "runtime/dns/name.h"

namespace smic::dns {

// What there is to be known about a name outside of our zones.
struct Outside {
  Name name;
  std::uint16_t type = 0;  // A or AAAA
};

struct OutsideRecord {
  Name owner;
  Name target;        // of a CNAME
  std::string bytes;  // else: of an address
  std::uint32_t ttl = 0;
};

struct Resolved {
  bool known = false;                  // false: nobody could tell
  Rcode rcode = Rcode::no_error;       // or NXDOMAIN
  std::vector<OutsideRecord> records;  // from the name on, each leading to the next
};

// More than any name should need, and all that is read.
inline constexpr std::size_t kMaxOutsideRecords = 64;

std::string outside_query(const Outside& wanted, std::uint16_t id);
// Nothing: it is no answer to that query, or cannot be read.
std::optional<Resolved> read_outside_reply(std::string_view message, const Outside& wanted,
                                           std::uint16_t id);

// The `nameserver` lines of /etc/resolv.conf, as "10.96.0.10:53".
std::vector<std::string> nameservers(std::string_view resolv_conf);

}  // namespace smic::dns
