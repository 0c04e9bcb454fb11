// SPDX-License-Identifier: Apache-2.0
#include "controller/node_plan.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace smic::controller {
namespace {

// A slot is the bits of an address after the prefix, 64 of them at most; the highest one tells the
// half.
constexpr std::size_t kFewestHostBits = 17;  // each half as large as the default service CIDR's /16
constexpr std::size_t kMostSlotBits = 64;
constexpr std::uint64_t kMostSteps = 1 << 16;  // of a search; by then the half is crowded

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

std::size_t bytes_of(const IpAddress& address) { return address.bits() / 8; }

std::uint64_t low_bits(const IpAddress& address, std::size_t count) {
  const std::size_t size = bytes_of(address);
  std::uint64_t value = 0;
  for (std::size_t i = size - std::min<std::size_t>(size, 8); i < size; ++i) {
    value = value << 8 | address.bytes[i];
  }
  return count >= 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

// What one family of a mesh gives out.
class Half {
 public:
  Half(const IpRange& range, const AddressPlan::Taken& taken) : range_(range), taken_(taken) {}

  // The address that a cluster IP leads to, unless another one led there before.
  const ir::ServiceRef* owner_of(const IpAddress& cluster_ip) const {
    const auto found = mapped_.find(low_bits(cluster_ip, slot_bits()));
    return found == mapped_.end() ? nullptr : found->second;
  }
  std::optional<std::string> map(const IpAddress& cluster_ip, const ir::ServiceRef& service) {
    const std::uint64_t slot = low_bits(cluster_ip, slot_bits());
    const std::string address = address_of(slot, false);
    if (taken_(address) || !mapped_.try_emplace(slot, &service).second) return std::nullopt;
    return address;
  }

  // The first free address from where the name's hash leads.
  std::optional<std::string> hash(const ir::ServiceRef& service) {
    const std::uint64_t mask =
        slot_bits() >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << slot_bits()) - 1;
    const std::uint64_t start = fnv1a(ir::to_string(service));
    for (std::uint64_t step = 0; step < std::min(kMostSteps, mask); ++step) {
      const std::uint64_t slot = (start + step) & mask;
      if (looks_like_a_network(slot) || hashed_.contains(slot)) continue;
      std::string address = address_of(slot, true);
      if (taken_(address)) continue;
      hashed_.emplace(slot, &service);
      return address;
    }
    return std::nullopt;
  }

 private:
  using Slots = std::unordered_map<std::uint64_t, const ir::ServiceRef*>;

  std::size_t slot_bits() const { return std::min(range_.host_bits() - 1, kMostSlotBits); }

  static bool looks_like_a_network(std::uint64_t slot) {
    return (slot & 0xff) == 0 || (slot & 0xff) == 0xff;
  }

  std::string address_of(std::uint64_t slot, bool second_half) const {
    IpAddress address = range_.first;
    if (second_half) address.bytes[range_.prefix / 8] |= 0x80 >> range_.prefix % 8;
    for (std::size_t i = bytes_of(address); slot != 0; slot >>= 8) {
      address.bytes[--i] |= static_cast<std::uint8_t>(slot);
    }
    return address.to_string();
  }

  IpRange range_;
  const AddressPlan::Taken& taken_;
  Slots mapped_, hashed_;
};

// A Service's cluster IP of a family, if it has one.
std::optional<IpAddress> cluster_ip(const MeshedService& service, IpFamily family) {
  for (const std::string& text : service.cluster_ips) {
    const auto address = IpAddress::parse(text);
    if (address && address->family == family) return address;
  }
  return std::nullopt;
}

bool any_of_family(const std::vector<MeshedService>& services, IpFamily family) {
  return std::ranges::any_of(
      services, [&](const MeshedService& each) { return cluster_ip(each, family).has_value(); });
}

class Assigner {
 public:
  explicit Assigner(const std::vector<MeshedService>& services) {
    for (const MeshedService& service : services) by_age_.push_back(&service);
    std::ranges::sort(by_age_, [](const MeshedService* a, const MeshedService* b) {
      return std::tie(a->created, a->service) < std::tie(b->created, b->service);
    });
  }

  void assign(Half half, IpFamily family, bool to_those_without) {
    std::vector<const MeshedService*> left;
    for (const MeshedService* service : by_age_) {
      const auto ip = cluster_ip(*service, family);
      if (!ip) {
        if (to_those_without && service->cluster_ips.empty()) left.push_back(service);
      } else if (auto address = half.map(*ip, service->service)) {
        give(*service, std::move(*address));
      } else {
        remark(*service, *ip, half.owner_of(*ip));
        left.push_back(service);
      }
    }
    for (const MeshedService* service : left) {
      attempted_.insert(service);
      if (auto address = half.hash(service->service)) give(*service, std::move(*address));
    }
  }

  AddressPlan::Assignment finish() {
    for (const MeshedService* service : by_age_) {
      if (assignment_.addresses.contains(service->service)) continue;
      const bool other_family = !service->cluster_ips.empty() && !attempted_.contains(service);
      assignment_.unplaced.push_back(
          {service->service, other_family ? "the mesh has no range of its cluster IPs' family"
                                          : "the mesh range has no free address"});
    }
    std::ranges::sort(assignment_.unplaced, {}, &AddressPlan::Unplaced::service);
    std::ranges::sort(assignment_.remarks, {}, &AddressPlan::Remark::service);
    return std::move(assignment_);
  }

 private:
  void give(const MeshedService& service, std::string address) {
    assignment_.addresses[service.service].push_back(std::move(address));
  }
  void remark(const MeshedService& service, const IpAddress& ip, const ir::ServiceRef* owner) {
    const std::string why = owner == nullptr ? "a pod or endpoint lives"
                                             : "that of " + ir::to_string(*owner) + " leads";
    assignment_.remarks.push_back(
        {service.service, "its mesh address does not follow from its cluster IP " + ip.to_string() +
                              ": " + why + " where that leads"});
  }

  std::vector<const MeshedService*> by_age_;
  std::set<const MeshedService*> attempted_;
  AddressPlan::Assignment assignment_;
};

class NodePlan final : public AddressPlan {
 public:
  explicit NodePlan(MeshRanges ranges) : ranges_(std::move(ranges)) {}

  Result<Assignment> assign(const std::vector<MeshedService>& services,
                            const Taken& taken) override {
    Assignment assignment = node_addresses(services, ranges_, taken);
    uses_v6_ = std::ranges::any_of(assignment.addresses, [](const auto& each) {
      return each.second.back().find(':') != std::string::npos;
    });
    return assignment;
  }
  std::vector<std::string> reverse_zones() const override {
    std::vector<std::string> zones;
    for (const auto& range : {ranges_.v4, ranges_.v6}) {
      if (!range) continue;
      for (std::string& zone : reverse_zones_of(*range)) zones.push_back(std::move(zone));
    }
    return zones;
  }
  // A cluster without IPv6 asks none of its nodes.
  std::vector<std::string> ranges() const override {
    std::vector<std::string> texts;
    if (ranges_.v4) texts.push_back(ranges_.v4->to_string());
    if (ranges_.v6 && (uses_v6_ || !ranges_.v4)) texts.push_back(ranges_.v6->to_string());
    return texts;
  }

 private:
  MeshRanges ranges_;
  bool uses_v6_ = false;
};

// Where no node may have `local RANGE dev lo`: its own loopback, other nodes' links, groups.
Result<void> check_place(const IpRange& range) {
  for (const char* reserved : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                               "255.255.255.255/32", "::/8", "fe80::/10", "ff00::/8"}) {
    const auto place = IpRange::parse(reserved);
    if (range.overlaps(*place)) {
      return fail("mesh range " + range.to_string() + " overlaps " + reserved);
    }
  }
  if (range.host_bits() >= kFewestHostBits) return {};
  return fail("mesh range " + range.to_string() + " is too small: at most /" +
              std::to_string(range.first.bits() - kFewestHostBits));
}

}  // namespace

Result<MeshRanges> MeshRanges::parse(const std::string& text) {
  MeshRanges ranges;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    auto range = IpRange::parse(std::string_view(text).substr(start, end - start));
    if (!range) return fail(range, "mesh range");
    if (const auto good = check_place(*range); !good) return std::unexpected(good.error());
    auto& of_family = range->first.family == IpFamily::v4 ? ranges.v4 : ranges.v6;
    if (of_family) return fail("mesh ranges: two of one family");
    of_family = *range;
    start = end + 1;
  }
  return ranges;
}

AddressPlan::Assignment node_addresses(const std::vector<MeshedService>& services,
                                       const MeshRanges& ranges, const AddressPlan::Taken& taken) {
  const bool v4 = any_of_family(services, IpFamily::v4);
  const bool v6 = any_of_family(services, IpFamily::v6);
  Assigner assigner(services);
  if (ranges.v4) assigner.assign({*ranges.v4, taken}, IpFamily::v4, v4 || !v6 || !ranges.v6);
  if (ranges.v6) assigner.assign({*ranges.v6, taken}, IpFamily::v6, v6 || !ranges.v4);
  return assigner.finish();
}

std::unique_ptr<AddressPlan> node_plan(const MeshRanges& ranges) {
  return std::make_unique<NodePlan>(ranges);
}

}  // namespace smic::controller
