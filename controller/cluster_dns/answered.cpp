// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "controller/cluster_dns/answered.h"

#include <algorithm>

#include "controller/cluster_dns/ask.h"

namespace smic::cluster_dns {

std::vector<std::string> Answered::choose(const Wish& wish, const std::vector<Server>& responders,
                                          const Texts& texts) {
  silent_.clear();
  std::vector<std::string> zones;
  for (const std::string& zone : wish.mesh_zones) {
    if (texts.mention(zone) || somebody(responders, zone)) zones.push_back(zone);
  }
  for (const std::string& zone : wish.plain_zones) {
    if (keeps(responders, zone, texts.mention(zone))) zones.push_back(zone);
  }
  std::erase_if(last_, [&wish](const auto& entry) {
    return std::ranges::find(wish.plain_zones, entry.first) == wish.plain_zones.end();
  });
  std::ranges::sort(zones);
  zones.erase(std::unique(zones.begin(), zones.end()), zones.end());
  missing_ = zones.size() < wish.mesh_zones.size() + wish.plain_zones.size();
  return zones;
}

bool Answered::keeps(const std::vector<Server>& responders, const std::string& zone, bool is_in) {
  const auto now = Clock::now();
  if (is_in ? somebody(responders, zone) : everybody(responders, zone)) {
    last_[zone] = now;
    return true;
  }
  return is_in && now - last_.try_emplace(zone, now).first->second < options_.grace;
}

bool Answered::somebody(const std::vector<Server>& responders, const std::string& zone) {
  return std::ranges::any_of(responders,
                             [&](const Server& server) { return asks(server, zone) == true; });
}

// Nobody who speaks at all says something else: a proxy that does not know of the namespace yet
// would say that there is none.
bool Answered::everybody(const std::vector<Server>& responders, const std::string& zone) {
  bool one = false;
  for (const Server& server : responders) {
    const auto said = asks(server, zone);
    if (said == false) return false;
    one |= said == true;
  }
  return one;
}

// Nothing: it says nothing. Who is dead is asked once in a round.
std::optional<bool> Answered::asks(const Server& server, const std::string& zone) {
  if (silent_.contains(server.address)) return std::nullopt;
  const auto said = ask(server, zone, kTypeSoa, options_.patience.answer);
  if (!said) {
    silent_.insert(server.address);
    return std::nullopt;
  }
  return said->rcode == kNoError && said->soa_server == "ns.dns." + zone;
}

}  // namespace smic::cluster_dns
