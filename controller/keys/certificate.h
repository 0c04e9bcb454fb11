// SPDX-License-Identifier: Apache-2.0
// Certificates: an authority, and what it vouches for. OpenSSL's door for X.509.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace smic::keys {

using Clock = std::chrono::system_clock;
using Time = std::chrono::sys_seconds;

struct CertifiedKey {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS#8

  bool operator==(const CertifiedKey&) const = default;
};

// Self-signed, EC P-256, may only sign certificates of servers and clients.
CertifiedKey make_authority(const std::string& name, Time from, Time until);

// For a server that has these DNS names and IP addresses.
Result<CertifiedKey> issue(const CertifiedKey& authority, const std::vector<std::string>& names,
                           Time from, Time until);

// When a certificate in PEM ends.
Result<Time> end_of(const std::string& certificate);

}  // namespace smic::keys
