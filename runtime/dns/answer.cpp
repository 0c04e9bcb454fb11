// SPDX-License-Identifier: Apache-2.0
// What is said to a question, in the order in which it is decided:
//
//   not a query, or no whole header            nothing
//   an opcode other than QUERY                 NOTIMP
//   malformed, OPT twice                       FORMERR
//   EDNS of a version we do not know           BADVERS
//   no manifest yet                            SERVFAIL
//   a class other than IN, a zone transfer,
//   a name that is in none of our zones        REFUSED
//   a name that is not there                   NXDOMAIN with the zone's SOA (RFC 2308)
//   one that is, without such a record         no error, no answer, the SOA
//   else                                       the records, in turn from one question to the next
//
// An answer that does not fit is cut at a record and says so (TC): who can, asks again by TCP; who
// cannot (musl before 1.2.4) uses the part. Many pods behind one name are given from another one on
// each time, told by the question's id, so that a resolver that takes the first spreads its calls.
//
// An alias that leads out of our zones is followed by whoever calls (Abroad): first the answer says
// what it would need, then it is given again with what somebody else said.
//
// Tested by answer_test.cpp; dns_test.py has dig and kdig ask.
#include "runtime/dns/answer.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/overload.h"
#include "runtime/dns/message.h"

namespace smic::dns {
namespace {

Type type_of(const Record& record) {
  return std::visit(
      Overload{[](const Address& each) { return each.size == 4 ? Type::a : Type::aaaa; },
               [](const ServicePort&) { return Type::srv; },
               [](const Alias&) { return Type::cname; }, [](const Pointer&) { return Type::ptr; }},
      record);
}

std::string_view bytes_of(const Address& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.size};
}

// One question, being answered.
class Answer {
 public:
  Answer(const Zones& zones, const Query& query, std::size_t limit, Abroad* abroad)
      : zones_(zones), query_(query), abroad_(abroad), reply_(query, limit) {}

  std::string give() {
    Name name = query_.name;
    for (int aliases = 0;; ++aliases) {
      const auto [zone, labels] = zones_.find(name);
      if (zone == nullptr) return aliases == 0 ? reply_.finish(Rcode::refused) : outside(name);
      reply_.set_authoritative();
      const Node* node = zone->find(labels);
      if (node == nullptr) return nothing(*zone, Rcode::name_error);
      const Alias* alias = alias_of(*node);
      if (alias == nullptr) return records(*zone, labels, name, *node);
      if (!reply_.target(Section::answer, Type::cname, name, kTtl, alias->target)) return cut();
      if (aliases == kMaxAliases) return reply_.finish(Rcode::server_failure);
      name = alias->target;
    }
  }

 private:
  bool asked(Type type) const { return query_.type == static_cast<std::uint16_t>(type); }

  // An alias that the question is not about itself.
  const Alias* alias_of(const Node& node) const {
    if (node.records.empty() || asked(Type::cname) || asked(Type::any)) return nullptr;
    return std::get_if<Alias>(&node.records.front());
  }

  // Where an alias has led out of our zones: what somebody else said of it, or what to ask them.
  std::string outside(const Name& name) {
    if (abroad_ == nullptr || !(asked(Type::a) || asked(Type::aaaa))) {
      return reply_.finish(Rcode::no_error);
    }
    if (!abroad_->resolved || !abroad_->wanted || abroad_->wanted->name != name) {
      abroad_->wanted = Outside{name, query_.type};
      return reply_.finish(Rcode::server_failure);
    }
    if (!abroad_->resolved->known) return reply_.finish(Rcode::server_failure);
    for (const OutsideRecord& record : abroad_->resolved->records) {
      const std::uint32_t ttl = std::min(record.ttl, kTtl);
      const bool fits =
          record.bytes.empty()
              ? reply_.target(Section::answer, Type::cname, record.owner, ttl, record.target)
              : reply_.address(Section::answer, record.owner, ttl, record.bytes);
      if (!fits) return cut();
    }
    return reply_.finish(abroad_->resolved->rcode);
  }

  std::string records(const Zone& zone, std::string_view labels, const Name& name,
                      const Node& node) {
    if (labels.empty()) return apex(zone);
    const std::vector<const Record*> chosen = choose(node);
    if (chosen.empty()) return nothing(zone, Rcode::no_error);
    for (const Record* record : chosen) {
      if (!write(zone, name, *record)) return cut();
    }
    for (const Record* record : chosen) add_addresses_of(zone, *record);
    return reply_.finish(Rcode::no_error);
  }

  // Those of the type asked for. ANY gets one set of records, whichever (RFC 8482).
  std::vector<const Record*> choose(const Node& node) const {
    std::vector<const Record*> chosen;
    if (node.records.empty()) return chosen;
    const std::uint16_t wanted =
        asked(Type::any) ? static_cast<std::uint16_t>(type_of(node.records.front())) : query_.type;
    for (const Record& record : node.records) {
      if (static_cast<std::uint16_t>(type_of(record)) == wanted) chosen.push_back(&record);
    }
    if (!chosen.empty()) {
      std::ranges::rotate(chosen, chosen.begin() + query_.id % static_cast<int>(chosen.size()));
    }
    return chosen;
  }

  bool write(const Zone& zone, const Name& name, const Record& record) {
    const auto service = [&](const ServicePort& port) {
      const auto target = Name::join(port.target, zone.apex);
      return !target || reply_.service(name, kTtl, port.port, *target);
    };
    return std::visit(
        Overload{[&](const Address& address) {
                   return reply_.address(Section::answer, name, kTtl, bytes_of(address));
                 },
                 service,
                 [&](const Alias& alias) {
                   return reply_.target(Section::answer, Type::cname, name, kTtl, alias.target);
                 },
                 [&](const Pointer& pointer) {
                   return reply_.target(Section::answer, Type::ptr, name, kTtl, pointer.target);
                 }},
        record);
  }

  // Saves who asked for SRV the next question; what does not fit is left away without a word. Ports
  // of one Service have one target, which is said once.
  void add_addresses_of(const Zone& zone, const Record& record) {
    const auto* port = std::get_if<ServicePort>(&record);
    if (port == nullptr || !told_.insert(port->target).second) return;
    const Node* node = zone.find(port->target);
    const auto target = Name::join(port->target, zone.apex);
    if (node == nullptr || !target) return;
    for (const Record& each : node->records) {
      const auto* address = std::get_if<Address>(&each);
      if (address == nullptr) continue;
      if (!reply_.address(Section::additional, *target, kTtl, bytes_of(*address))) return;
    }
  }

  Reply::Authority authority_of(const Zone& zone) const {
    // Of an apex of 240 letters there is no name below; then the zone's own must do.
    const auto below = [&zone](std::string_view labels) {
      return Name::join(labels, zone.apex).value_or(zone.apex);
    };
    return {.server = below(kServer),
            .mailbox = below(kMailbox),
            .serial = zones_.serial(),
            .refresh = 7200,
            .retry = 1800,
            .expire = 86400,
            .minimum = kTtl};
  }

  std::string apex(const Zone& zone) {
    const Reply::Authority authority = authority_of(zone);
    bool fits = true;
    if (asked(Type::soa) || asked(Type::any)) {
      fits = reply_.authority(Section::answer, zone.apex, kTtl, authority);
    } else if (asked(Type::ns)) {
      fits = reply_.target(Section::answer, Type::ns, zone.apex, kTtl, authority.server);
    } else {
      return nothing(zone, Rcode::no_error);
    }
    return fits ? reply_.finish(Rcode::no_error) : cut();
  }

  std::string nothing(const Zone& zone, Rcode rcode) {
    if (!reply_.authority(Section::authority, zone.apex, kTtl, authority_of(zone))) {
      reply_.set_truncated();
    }
    return reply_.finish(rcode);
  }

  std::string cut() {
    reply_.set_truncated();
    return reply_.finish(Rcode::no_error);
  }

  static constexpr std::string_view kServer{"\2ns\3dns", 7};
  static constexpr std::string_view kMailbox{"\12hostmaster", 11};

  const Zones& zones_;
  const Query& query_;
  Abroad* abroad_;
  Reply reply_;
  std::set<std::string_view> told_;
};

std::size_t limit_of(const Query& query, Transport transport) {
  if (transport == Transport::tcp) return kMaxMessage;
  if (!query.edns) return kPlainUdpBytes;
  return std::clamp<std::size_t>(query.edns->udp_bytes, kPlainUdpBytes, kEdnsUdpBytes);
}

// What a message is answered with whatever it asks for.
Rcode first_objection(const Zones* zones, const Query& query) {
  if (query.error != Rcode::no_error) return query.error;
  if (zones == nullptr) return Rcode::server_failure;
  if (query.klass != kInternet) return Rcode::refused;
  switch (static_cast<Type>(query.type)) {
    case Type::axfr:
    case Type::ixfr:
      return Rcode::refused;
    case Type::opt:
    case Type::tkey:
    case Type::tsig:
      return Rcode::format_error;  // these are no data that one could ask for
    default:
      return Rcode::no_error;
  }
}

}  // namespace

std::string answer(const Zones* zones, std::string_view message, Transport transport,
                   Abroad* abroad) {
  const std::optional<Query> query = read_query(message);
  if (!query) return {};
  const std::size_t limit = limit_of(*query, transport);
  const Rcode objection = first_objection(zones, *query);
  if (objection != Rcode::no_error) return Reply(*query, limit).finish(objection);
  return Answer(*zones, *query, limit, abroad).give();
}

}  // namespace smic::dns
