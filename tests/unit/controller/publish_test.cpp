// SPDX-License-Identifier: Apache-2.0
#include "controller/publish.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "tests/unit/source/temporary_directory.h"

using namespace smic;
using test::TemporaryDirectory;

namespace {

// An update whose one unit has an image of these bytes.
controller::Update update_of(std::uint64_t version, std::string_view content) {
  contract::Bytes bytes(content.size());
  std::transform(content.begin(), content.end(), bytes.begin(),
                 [](char character) { return static_cast<std::byte>(character); });
  contract::Unit unit;
  unit.service = "shop/web";
  unit.port = unit.listen_port = 80;
  unit.image = contract::digest_of(bytes);
  unit.listen_addresses = {"127.1.2.3"};
  controller::Update update;
  update.images.put(unit.image, std::make_shared<const PackedBytes>(bytes));
  update.manifest.version = version;
  update.manifest.units.push_back(std::move(unit));
  return update;
}

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string image_name(const controller::Update& update) {
  return "images/" + update.images.all().begin()->first.substr(std::string("sha256:").size());
}

}  // namespace

TEST_CASE("an update becomes a manifest that reads back, and a file per image") {
  TemporaryDirectory directory;
  const auto update = update_of(7, "code");
  REQUIRE(controller::publish(update, directory.path() + "/out").has_value());
  const auto manifest = contract::manifest_from_json(text_of(directory / "out/manifest.json"));
  REQUIRE(manifest.has_value());
  CHECK(*manifest == update.manifest_of(controller::kOnlyNode));
  CHECK(text_of(directory / ("out/" + image_name(update))) == "code");
}

TEST_CASE("an image stays while the manifest before still names it, and goes after that") {
  TemporaryDirectory directory;
  const auto one = update_of(1, "one"), two = update_of(2, "two"), three = update_of(3, "three");
  REQUIRE(controller::publish(one, directory.path()).has_value());
  REQUIRE(controller::publish(two, directory.path()).has_value());
  CHECK(std::filesystem::exists(directory / image_name(one)));
  REQUIRE(controller::publish(three, directory.path()).has_value());
  CHECK_FALSE(std::filesystem::exists(directory / image_name(one)));
  CHECK(std::filesystem::exists(directory / image_name(two)));
}

TEST_CASE("a place that cannot be written is an error that names it") {
  TemporaryDirectory directory;
  directory.write("file", "not a directory");
  const auto done = controller::publish(update_of(1, "x"), directory.path() + "/file");
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message.find("/file") != std::string::npos);
}
