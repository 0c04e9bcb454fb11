// SPDX-License-Identifier: Apache-2.0
#include "contract/state.h"

#include <catch2/catch.hpp>

#include "tests/support/states.h"

using namespace smic;
using namespace smic::contract;
using smic::test::Random;

namespace {

const SigningKey& key() {
  static const SigningKey key = SigningKey::generate();
  return key;
}

Trust trust_in(const SigningKey& key) { return {.authorities = "x", .keys = {key.verifying()}}; }

Message message(const State& state, const State* from = nullptr) {
  return test::messages_in(test::message_of(state, key(), from)).at(0);
}

std::string reason(const Result<State>& state) { return state ? "taken" : state.error().message; }

Message with_head(Message message, auto change) {
  Head head = message.head.signed_head.head;
  change(head);
  message.head.signed_head = sign(head, key());
  return message;
}

}  // namespace

TEST_CASE("an item is a line, and reads back as itself", "[state]") {
  const Unit unit = test::plain_unit("reviews", 9080);
  const auto item = make_item(Shared<Unit>(unit));
  REQUIRE(item);
  CHECK((*item)->key == "mesh unit shop reviews 09080 http");
  CHECK((*item)->line.starts_with(
      R"({"set":"mesh unit shop reviews 09080 http","value":{"service":)"));
  CHECK((*item)->hash == hash_of((*item)->line));
  const auto again = read_item((*item)->line);
  REQUIRE(again);
  CHECK((*again)->hash == (*item)->hash);
  CHECK(std::get<Shared<Unit>>((*again)->value) == unit);
  CHECK(line_of(**again) == (*item)->line);
}

TEST_CASE("a line that is no item, or another's, is refused", "[state]") {
  const std::string line = (*make_item(Shared<Unit>(test::plain_unit("reviews", 9080))))->line;
  const auto refused = [](std::string text) { return !read_item(text); };
  CHECK_FALSE(refused(line));
  for (std::size_t cut = 0; cut < line.size(); ++cut) CHECK(refused(line.substr(0, cut)));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = line;
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK(refused(replaced("09080", "9080")));
  CHECK(refused(replaced("09080", "09081")));
  CHECK(refused(replaced("mesh unit", "mesh core")));
  CHECK(refused(replaced("mesh unit", "local unit")));
  CHECK(refused(replaced(" reviews ", " ratings ")));
  CHECK(refused(line + " "));
  CHECK(refused(replaced(":{\"service\"", ": {\"service\"")) == false);  // JSON all the same
}

TEST_CASE("a name that would make two items one is not distributed", "[state]") {
  for (const char* name : {"a b", "a/b", "", "a\"b", "a\\b", "\xC3\xA9"}) {
    INFO(name);
    CHECK_FALSE(make_item(Shared<Unit>(test::plain_unit(name, 80))));
  }
  CHECK_FALSE(make_item(PodIdentity{"10.0.0.1 x", "shop/web", "shop/pod"}));
  Manifest twice;
  twice.units = {test::plain_unit("web", 80, 1), test::plain_unit("web", 80, 2)};
  CHECK_FALSE(mesh_part(twice, nullptr));
}

TEST_CASE("TCP and UDP on one port are two items", "[state]") {
  Manifest manifest;
  Unit tcp = test::plain_unit("dns", 53), udp = tcp;
  tcp.protocol = Protocol::tcp;
  udp.protocol = Protocol::udp;
  manifest.units = {udp, tcp};
  const auto part = mesh_part(manifest, nullptr);
  REQUIRE(part);
  CHECK((*part)->items.size() == 3);
}

TEST_CASE("a state is a manifest and back", "[state]") {
  Random random(11);
  const Manifest manifest = test::random_manifest(random);
  const State state = test::state_of(manifest, 3, 17);
  Manifest back = manifest_of(state);
  CHECK(back.version == 17);
  CHECK(back.node == "n1");
  CHECK(back.identities == manifest.identities);
  CHECK(settings_of(back) == settings_of(manifest));
  const auto by_service = [](const Shared<Unit>& a, const Shared<Unit>& b) {
    return a->service < b->service;
  };
  std::ranges::sort(back.units, by_service);
  CHECK(back.units == manifest.units);
  CHECK(back.names.services.size() == manifest.names.services.size());
}

TEST_CASE("a part made beside the one before shares what is the same", "[state]") {
  Random random(12);
  Manifest manifest = test::random_manifest(random);
  State before = test::state_of(manifest, 1, 1);
  for (std::uint64_t version = 2; version < 30; ++version) {
    manifest = test::changed(manifest, random);
    const State made = test::state_of(manifest, 1, version, &before);
    const State alone = test::state_of(manifest, 1, version);
    REQUIRE(made.mesh->hash == alone.mesh->hash);
    REQUIRE(made.local->hash == alone.local->hash);
    std::size_t shared = 0;
    for (const ItemPtr& item : made.mesh->items) {
      shared += static_cast<std::size_t>(std::ranges::count(before.mesh->items, item));
    }
    const Delta delta = difference(*before.mesh, *made.mesh);
    REQUIRE(shared + delta.set.size() == made.mesh->items.size());
    before = made;
  }
}

TEST_CASE("apply(a, difference(a, b)) is b, for random states", "[state]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Manifest one = test::random_manifest(random);
    const State a = test::state_of(one, 1, 1);
    const Manifest other =
        random.chance(50) ? test::random_manifest(random) : test::changed(one, random);
    const State b = test::state_of(other, 1, 2);
    for (const auto& [from, to] : {std::pair(&a, &b), std::pair(&b, &a), std::pair(&a, &a)}) {
      const auto mesh = apply(*from->mesh, difference(*from->mesh, *to->mesh), false);
      const auto local = apply(*from->local, difference(*from->local, *to->local), true);
      REQUIRE((mesh && local));
      REQUIRE((*mesh)->hash == to->mesh->hash);
      REQUIRE((*local)->hash == to->local->hash);
    }
    CHECK(difference(*a.mesh, *a.mesh).empty());
    // The same by wire, on the side that has only what it read.
    const State nothing;
    const auto read_a = take_up(nothing, message(a), "n1", trust_in(key()));
    REQUIRE(read_a);
    const auto read_b = take_up(*read_a, message(b, &a), "n1", trust_in(key()));
    INFO(reason(read_b));
    REQUIRE(read_b);
    CHECK(manifest_of(*read_b) == manifest_of(b));
  }
}

TEST_CASE("removing what is not there is an error", "[state]") {
  Random random(13);
  const State state = test::state_of(test::random_manifest(random), 1, 1);
  CHECK_FALSE(
      apply(*state.mesh, {.set = {}, .removed = {"mesh unit shop nobody 00080 http"}}, false));
}

TEST_CASE("what is old, another node's, or not signed by whom we trust is refused", "[state]") {
  Random random(14);
  Manifest manifest = test::random_manifest(random);
  const State old = test::state_of(manifest, 4, 7);
  const State next = test::state_of(test::changed(manifest, random), 5, 8);
  const Trust trust = trust_in(key());
  const Message good = message(next, &old);
  REQUIRE(take_up(old, good, "n1", trust));

  CHECK(reason(take_up(next, good, "n1", trust)) ==
        "version 8: downgrade or replay: it has version 8, and 8 is enforced");
  CHECK(reason(take_up(next, message(old), "n1", trust)) ==
        "version 7: downgrade or replay: it has epoch 4, and 5 is enforced");
  const Message older_version = with_head(good, [](Head& head) { head.version = 6; });
  CHECK(reason(take_up(old, older_version, "n1", trust)) ==
        "version 6: downgrade or replay: it has version 6, and 7 is enforced");
  CHECK(reason(take_up(old, good, "n2", trust)) ==
        "version 8: it is meant for the node `n1`, and this is `n2`");
  CHECK(reason(take_up(old, good, "n1", trust_in(SigningKey::generate()))) ==
        "version 8: it is signed by a key that is not trusted: " + key().verifying().id());
  Message forged = good;
  forged.head.signed_head.head.version = 9;
  CHECK(reason(take_up(old, forged, "n1", trust)) == "version 9: its signature is wrong");
  const State elsewhere = test::state_of(manifest, 4, 5);
  CHECK(reason(take_up(elsewhere, good, "n1", trust)) ==
        "version 8: it starts from version 7, and 5 is enforced");
}

TEST_CASE("items that are not those of the head are refused", "[state]") {
  Random random(15);
  Manifest manifest = test::random_manifest(random);
  const State old = test::state_of(manifest, 1, 1);
  const State next = test::state_of(test::changed(manifest, random), 1, 2);
  const Trust trust = trust_in(key());
  const Message good = message(next, &old);
  for (std::size_t i = 0; i < good.delta.set.size(); ++i) {
    Message less = good;
    less.delta.set.erase(less.delta.set.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(reason(take_up(old, less, "n1", trust)).contains("part has the digest"));
  }
  Message more = good;
  more.delta.set.push_back(*make_item(Shared<Unit>(test::plain_unit("zzz", 80))));
  CHECK(reason(take_up(old, more, "n1", trust)).contains("the mesh part has the digest"));
}

TEST_CASE("a head has one spelling", "[state]") {
  Random random(16);
  const State state = test::state_of(test::random_manifest(random), 1, 2);
  const std::string line = head_line(sign(state.head, key()), 1);
  const auto read = read_head_line(line);
  REQUIRE(read);
  CHECK(read->base == 1);
  CHECK(verify(read->signed_head, trust_in(key())));
  for (std::size_t cut = 0; cut < line.size(); ++cut)
    CHECK_FALSE(read_head_line(line.substr(0, cut)));
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string other = line;
    other[i] ^= 1;
    const auto changed = read_head_line(other);
    // Whatever is still a head is a head of something else, and not signed; but for the base.
    if (changed && changed->base == 1) CHECK_FALSE(verify(changed->signed_head, trust_in(key())));
  }
  std::string spaced = line;
  spaced.insert(spaced.find(':') + 1, " ");
  CHECK(read_head_line(spaced).error().message.contains("canonical"));
  std::string newer = line;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  CHECK(read_head_line(newer).error().message ==
        "the state has format 2, and this program reads 1");
}
