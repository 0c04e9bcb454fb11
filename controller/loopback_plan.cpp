// SPDX-License-Identifier: Apache-2.0
// Loopback addresses for services: a hash of the name picks the slot, and the next free slot is
// taken on collision. With 16 million slots a collision needs thousands of services, so in practice
// the address depends on the name alone, and survives restarts without a store.
//
// 127.0.0.0/16 is left out: people and examples put clients there. Last octets 0 and 255 are left
// out because they look like networks. Tested by loopback_plan_test.cpp.
#include <cstdint>
#include <unordered_set>

#include "controller/controller.h"

namespace smic::controller {
namespace {

constexpr std::uint32_t kFirst = 1;
constexpr std::uint32_t kSecondOctets = 254;  // 1 .. 254
constexpr std::uint32_t kThirdOctets = 256;   // 0 .. 255
constexpr std::uint32_t kFourthOctets = 254;  // 1 .. 254
constexpr std::uint32_t kSlots = kSecondOctets * kThirdOctets * kFourthOctets;

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

std::string address_of_slot(std::uint32_t slot) {
  const std::uint32_t fourth = kFirst + slot % kFourthOctets;
  const std::uint32_t third = slot / kFourthOctets % kThirdOctets;
  const std::uint32_t second = kFirst + slot / kFourthOctets / kThirdOctets;
  return "127." + std::to_string(second) + "." + std::to_string(third) + "." +
         std::to_string(fourth);
}

class LoopbackPlan final : public AddressPlan {
 public:
  Result<Assignment> assign(const std::vector<MeshedService>& services,
                            const Taken& taken) override {
    std::unordered_set<std::string> used;
    Addresses next;
    for (const MeshedService& each : services) {
      const auto before = assigned_.find(each.service);
      if (before == assigned_.end() || taken(before->second.front())) continue;
      used.insert(before->second.front());
      next.insert(*before);
    }
    const auto is_free = [&](const std::string& address) {
      return !used.contains(address) && !taken(address);
    };
    for (const MeshedService& each : services) {
      if (next.contains(each.service)) continue;
      auto address = first_free(each.service, is_free);
      if (!address) return fail(address, "mesh address of " + ir::to_string(each.service));
      used.insert(*address);
      next[each.service] = {std::move(*address)};
    }
    assigned_ = next;
    return Assignment{std::move(next), {}};
  }

  std::vector<std::string> reverse_zones() const override { return {"127.in-addr.arpa"}; }

 private:
  template <class IsFree>
  static Result<std::string> first_free(const ir::ServiceRef& service, const IsFree& is_free) {
    const auto start = static_cast<std::uint32_t>(fnv1a(ir::to_string(service)) % kSlots);
    for (std::uint32_t step = 0; step < kSlots; ++step) {
      std::string address = address_of_slot((start + step) % kSlots);
      if (is_free(address)) return address;
    }
    return fail("every loopback address is in use");
  }

  Addresses assigned_;
};

}  // namespace

std::unique_ptr<AddressPlan> loopback_plan() { return std::make_unique<LoopbackPlan>(); }

}  // namespace smic::controller
