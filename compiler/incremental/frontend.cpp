// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "compiler/check_limits.h"
#include "compiler/incremental/closure.h"
#include "compiler/incremental/surroundings.h"
#include "compiler/lowering/lowering.h"

namespace smic::incremental {
namespace {

// Beyond this a part costs more than the whole.
constexpr std::size_t kMostServices = 2'000;

// Up to here everything may be looked at for the sake of one object that may come to be.
constexpr std::size_t kMostToTryWhole = 2'000;

// Said of what all objects have in common. A part cannot tell whether it still holds.
bool is_about_the_whole(const Diagnostic& said) { return said.code == "W57" || said.code == "E59"; }

// Said because a name leads nowhere: another name may come to be what it leads to, or the help.
bool is_about_a_name(const Diagnostic& said) {
  return said.code == "W01" || said.code == "W04" || said.code == "W06";
}

bool same(const Diagnostic& a, const Diagnostic& b) {
  return std::tie(a.code, a.span, a.message, a.help) == std::tie(b.code, b.span, b.message, b.help);
}

// What was seen of a service when it was lowered last.
struct Seen {
  std::vector<Token> identities;  // behind it, and their namespaces; sorted
  Token ports = 0;                // which pod ports they are reached on (W14)
  bool operator==(const Seen&) const = default;
};

Seen seen_of(const model::Service& service) {
  std::set<Token> identities, ports;
  for (const model::Endpoint& endpoint : service.endpoints) {
    if (!endpoint.identity) continue;
    const Token who = token(Role::identity, endpoint.identity->ns, endpoint.identity->name);
    identities.insert(who);
    identities.insert(token(Role::identity_in, endpoint.identity->ns));
    for (std::size_t i = 0; i < service.ports.size(); ++i) {
      const auto& port = service.ports[i];
      ports.insert(who ^ (Token{port.port} << 32 | Token{endpoint.ports[i]} << 8 |
                          Token{port.protocol == ir::Protocol::udp}));
    }
  }
  Seen seen{{identities.begin(), identities.end()}, 1};
  for (const Token each : ports) seen.ports = (seen.ports ^ each) * 0x100000001b3u;
  return seen;
}

}  // namespace

struct Frontend::Impl {
  explicit Impl(CompileOptions given) : options(std::move(given)) {
    options.model.surroundings = &world;
  }

  CompileOptions options;
  Objects objects{options.model.extension_methods};
  World world{objects};
  std::map<ir::ServiceRef, Seen> seen;
  Affected::Behind behind;
  std::set<ObjectId> about_names;
  bool whole_next = true;  // the first time, and while something is said about the whole

  // What is lowered and said of a part.
  struct Part {
    resources::Set set;
    model::Mesh mesh;
    std::vector<ir::Unit> units;
    std::map<ObjectId, Objects::Said> said;
    bool about_the_whole = false;
  };

  // ---- changes ---------------------------------------------------------------------------------

  // If everything is taken anew, what a change concerns is not asked. Nothing is kept decoded then
  // either: what stays of each object would lie scattered among it, and hold on to its memory.
  void take_up(const Change& change, Affected& affected) {
    const auto known = objects.find(change.key);
    if (known && change.text && objects.has_text(*known, *change.text)) return;
    if (!known && !change.text) return;
    resources::Set before;
    bool names_changed = false;
    if (known) {
      if (!whole_next) affected.touch(*known);
      before = objects.decoded(*known);
    }
    if (change.text) {
      const ObjectId id = objects.put(change.key, change.text);
      if (!whole_next) affected.touch(id);
      names_changed = world.count(objects.decoded(id), 1);  // first, so that a name may stay
      names_changed = world.count(before, -1) || names_changed;
      if (whole_next) objects.forget_decoded(id);
    } else {
      forget(*known, affected);
      names_changed = world.count(before, -1);
    }
    if (names_changed) affected.said.insert(about_names.begin(), about_names.end());
  }

  void forget(ObjectId id, Affected& affected) {
    affected.said.erase(id);
    about_names.erase(id);
    objects.remove(id);
  }

  // ---- one part --------------------------------------------------------------------------------

  Part run(Closure closure, const std::set<ir::ServiceRef>* services) {
    Part part;
    part.set = closure.take();
    Diagnostics said(objects.sources());
    part.mesh = model::resolve(part.set, options.model, said);
    if (services == nullptr) {
      part.units = lowering::lower(part.mesh, said);
    } else {
      part.units = lowering::lower_some(part.mesh, *services, said);
    }
    leave_out_what_no_image_holds(part.units, objects.sources(), said);
    for (const Diagnostic& each : said.kept()) {
      part.said[each.span.source].push_back(each);
      part.about_the_whole |= is_about_the_whole(each);
    }
    return part;
  }

  void take_said(Part& part, const std::set<ObjectId>& of, Outcome& outcome) {
    for (const ObjectId id : of) {
      Objects::Said said = std::move(part.said[id]);
      const Objects::Said& before = objects.said(id);
      if (!std::ranges::equal(before, said, same)) outcome.said.push_back(objects.key(id));
      if (std::ranges::any_of(said, is_about_a_name)) {
        about_names.insert(id);
      } else {
        about_names.erase(id);
      }
      objects.say(id, std::move(said));
    }
  }

  // Of services that were looked at whole. Gives the targets that name ports (W14) and may call
  // pods that are reached on other ports now.
  std::set<ObjectId> look_at(const model::Mesh& mesh, const std::set<ir::ServiceRef>& services) {
    std::set<ObjectId> targets;
    for (const ir::ServiceRef& ref : services) {
      const model::Service* service = mesh.find(ref);
      Seen now = service ? seen_of(*service) : Seen();
      Seen& before = seen[ref];
      if (now.identities != before.identities) move_behind(ref, before.identities, now.identities);
      if (now != before) {
        add_targets_on_ports(before, targets);
        add_targets_on_ports(now, targets);
      }
      before = std::move(now);
      if (service == nullptr) seen.erase(ref);
    }
    return targets;
  }

  void add_targets_on_ports(const Seen& service, std::set<ObjectId>& targets) {
    for (const Token identity : service.identities) {
      for (const ObjectId target : objects.with(on_ports(identity))) {
        targets.insert(target);
        add_routes_of(target, targets);
      }
    }
  }

  void add_routes_of(ObjectId target, std::set<ObjectId>& routes) {
    for (const resources::TrafficTarget& object : objects.decoded(target).traffic_targets) {
      for (const resources::Rule& rule : object.rules) {
        const auto& list = objects.with(
            token(Role::route, rule.kind.value, object.meta.ns.value, rule.name.value));
        routes.insert(list.begin(), list.end());
      }
    }
  }

  void move_behind(const ir::ServiceRef& ref, const std::vector<Token>& from,
                   const std::vector<Token>& to) {
    for (const Token identity : from) {
      if (std::ranges::binary_search(to, identity)) continue;
      const auto list = behind.find(identity);
      std::erase(list->second, ref);
      if (list->second.empty()) behind.erase(list);
    }
    for (const Token identity : to) {
      if (!std::ranges::binary_search(from, identity)) behind[identity].push_back(ref);
    }
  }

  // ---- what may come to be -------------------------------------------------------------------

  // Is put in its place, looked at, and taken back.
  std::vector<Diagnostic> try_out(const Change& change) {
    const auto known = objects.find(change.key);
    const auto text = std::make_shared<const std::string>(known ? objects.sources().text(*known)
                                                                : std::string_view());
    const resources::Set before = known ? objects.decoded(*known) : resources::Set();
    const ObjectId id = objects.put(change.key, change.text);
    const resources::Set after = objects.decoded(id);
    world.count(after, 1);
    world.count(before, -1);
    Closure closure(objects, behind);
    if (objects.any(Role::binding_by_labels)) {
      closure.add_all();
    } else {
      closure.add_said_of(id);
    }
    static const std::set<ir::ServiceRef> no_services;
    std::vector<Diagnostic> said = objects.said_in_decoding(id);
    Part part = run(std::move(closure), &no_services);
    for (Diagnostic& each : part.said[id]) said.push_back(std::move(each));
    for (Diagnostic& each : said) each.notes.clear();
    world.count(before, 1);
    world.count(after, -1);
    if (known) {
      objects.put(change.key, text);
    } else {
      objects.remove(id);
    }
    objects.forget_decoded();
    return said;
  }

  // ---- outcomes --------------------------------------------------------------------------------

  Outcome all() {
    Closure closure(objects, behind);
    closure.add_all();
    Part part = run(std::move(closure), nullptr);
    Outcome outcome;
    outcome.whole = true;
    std::set<ObjectId> of;
    for (const ObjectId id : objects.all()) of.insert(id);
    take_said(part, of, outcome);
    std::set<ir::ServiceRef> services;
    for (const auto& [ref, before] : seen) services.insert(ref);
    for (const model::Service& service : part.mesh.services) services.insert(service.ref);
    look_at(part.mesh, services);
    whole_next = part.about_the_whole;
    outcome.services = std::move(services);
    outcome.units = std::move(part.units);
    outcome.objects = std::move(part.set);
    outcome.mesh = std::move(part.mesh);
    return outcome;
  }

  Outcome some(Affected affected) {
    Closure closure(objects, behind);
    for (const ir::ServiceRef& service : affected.services) closure.add_units_of(service);
    for (const ObjectId id : affected.said) closure.add_said_of(id);
    for (const std::string& address : affected.addresses) closure.add_pods_at(address);
    Part part = run(std::move(closure), &affected.services);
    if (part.about_the_whole) return all();
    Outcome outcome;
    take_said(part, affected.said, outcome);
    say_of_others(look_at(part.mesh, affected.endpoints), outcome);
    outcome.services = std::move(affected.services);
    outcome.units = std::move(part.units);
    outcome.addresses = std::move(affected.addresses);
    outcome.namespaces = std::move(affected.namespaces);
    outcome.objects = std::move(part.set);
    outcome.mesh = std::move(part.mesh);
    return outcome;
  }

  // Only what is said of them may be other now, and that was not known before.
  void say_of_others(const std::set<ObjectId>& objects_concerned, Outcome& outcome) {
    if (objects_concerned.empty()) return;
    Closure closure(objects, behind);
    for (const ObjectId id : objects_concerned) closure.add_said_of(id);
    static const std::set<ir::ServiceRef> no_services;
    Part part = run(std::move(closure), &no_services);
    take_said(part, objects_concerned, outcome);
  }
};

Frontend::Frontend(CompileOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Frontend::~Frontend() = default;
Frontend::Frontend(Frontend&&) noexcept = default;
Frontend& Frontend::operator=(Frontend&&) noexcept = default;

Outcome Frontend::apply(std::span<const Change> changes) {
  Affected affected(impl_->objects, impl_->behind);
  const auto known = [this] {
    return std::pair(impl_->world.endpoints_are_known(), impl_->world.accounts_have_users());
  };
  const auto known_before = known();
  const bool told_apart = impl_->objects.any(Role::binding_by_labels);
  for (const Change& change : changes) impl_->take_up(change, affected);
  // Where bindings select pods by labels, what an account is known as depends on all of its pods,
  // and with it every rule about it: then all is taken anew.
  const bool whole = impl_->whole_next || told_apart ||
                     impl_->objects.any(Role::binding_by_labels) || known() != known_before ||
                     affected.services.size() > kMostServices ||
                     affected.said.size() > kMostServices;
  Outcome outcome = whole ? impl_->all() : impl_->some(std::move(affected));
  impl_->objects.forget_decoded();
  return outcome;
}

std::optional<std::vector<Diagnostic>> Frontend::would_say(const Change& change) {
  Impl& impl = *impl_;
  const bool whole = impl.objects.any(Role::binding_by_labels);
  if (impl.objects.size() == 0 || (whole && impl.objects.size() > kMostToTryWhole)) {
    return std::nullopt;
  }
  return impl.try_out(change);
}

void Frontend::take_whole_next() { impl_->whole_next = true; }

void Frontend::use(model::Options options) {
  options.surroundings = &impl_->world;
  impl_->options.model = std::move(options);
  take_whole_next();
}

const Sources& Frontend::sources() const { return impl_->objects.sources(); }

std::optional<SourceId> Frontend::source_of(const ObjectKey& key) const {
  return impl_->objects.find(key);
}

std::uint64_t Frontend::said_version() const { return impl_->objects.said_version(); }

void Frontend::report(Diagnostics& into) const { impl_->objects.report(into); }

std::vector<Diagnostic> Frontend::said_of(const ObjectKey& key) const {
  const auto id = impl_->objects.find(key);
  if (!id) return {};
  Diagnostics said(impl_->objects.sources());
  impl_->objects.report(*id, said);
  return said.sorted();
}

bool Frontend::is_taken(const std::string& address) const {
  return !impl_->objects.with(token(Role::pod_at, address)).empty() ||
         !impl_->objects.with(token(Role::slice_with, address)).empty();
}

}  // namespace smic::incremental
