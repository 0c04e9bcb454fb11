// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/keys/ring_test.cpp.
#include "controller/keys/ring.h"

#include <algorithm>

#include "base/check.h"

namespace smic::keys {
namespace {

template <class Entry>
const Entry& in_use(const std::vector<Entry>& list, Time now) {
  SMIC_CHECK(!list.empty(), "a key ring without keys");
  const auto later = std::ranges::find_if(list, [&](const Entry& each) { return each.from > now; });
  return later == list.begin() ? list.front() : *std::prev(later);
}

// `make(from)` makes an entry that is used from then on.
template <class Entry, class Make>
void tend_list(std::vector<Entry>& list, Time now, std::chrono::seconds life,
               std::chrono::seconds overlap, Make make) {
  if (list.empty()) {
    list.push_back(make(now));
    return;
  }
  if (now >= list.back().from + life - 2 * overlap) list.push_back(make(now + overlap));
  while (list.size() > 1 && list[1].from + overlap <= now) list.erase(list.begin());
}

}  // namespace

const Authority& Ring::authority(Time now) const { return in_use(authorities, now); }
const Signer& Ring::signer(Time now) const { return in_use(signers, now); }

Ring tend(Ring ring, Time now, const Lifetimes& lifetimes) {
  // It outlives what it vouches for on its last day.
  const auto valid = lifetimes.authority + lifetimes.serving;
  tend_list(ring.authorities, now, lifetimes.authority, lifetimes.overlap, [&](Time from) {
    return Authority{make_authority("smic", now - kClockSkew, from + valid), from};
  });
  tend_list(ring.signers, now, lifetimes.signing, lifetimes.overlap,
            [](Time from) { return Signer{contract::SigningKey::generate().to_pem(), from}; });
  return ring;
}

std::string authorities_of(const Ring& ring) {
  std::string text;
  for (const Authority& each : ring.authorities) text += each.certified.certificate;
  return text;
}

Result<contract::Trust> trust_of(const Ring& ring) {
  contract::Trust trust{.authorities = authorities_of(ring), .keys = {}};
  for (const Signer& each : ring.signers) {
    const auto key = contract::SigningKey::from_pem(each.key);
    if (!key) return std::unexpected(key.error());
    trust.keys.push_back(key->verifying());
  }
  return trust;
}

}  // namespace smic::keys
