// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/api/ca_bundles_test.cpp and tests/system/admission_test.py.
#include "controller/api/ca_bundles.h"

#include <array>
#include <initializer_list>

#include "compiler/resources/value_path.h"

namespace smic::api {
namespace {

using resources::Value;
using resources::within;

constexpr std::string_view kService = "smic-controller";

constexpr std::string_view kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";

// `client` has a service and, perhaps, a caBundle beside it.
bool is_due(const Value* client, std::string_view ns, const std::string& bundle) {
  const Value* service = within(client, {"service"});
  return service != nullptr && service->text("name") == kService &&
         service->text("namespace") == ns && client->text("caBundle") != bundle;
}

std::string quoted(std::string_view text) { return print_json(Value(std::string(text))); }

std::optional<BundlePatch> patch_webhooks(const Value& object, std::string_view ns,
                                          const std::string& bundle) {
  const Value* webhooks = object.find("webhooks");
  const auto* list = webhooks == nullptr ? nullptr : webhooks->as<Value::List>();
  if (list == nullptr) return std::nullopt;
  std::string steps;
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!is_due((*list)[i].find("clientConfig"), ns, bundle)) continue;
    const std::string at = "/webhooks/" + std::to_string(i);
    steps += std::string(steps.empty() ? "" : ",") + R"({"op":"test","path":")" + at +
             R"(/name","value":)" + quoted((*list)[i].text("name")) + R"(},{"op":"add","path":")" +
             at + R"(/clientConfig/caBundle","value":)" + quoted(bundle) + "}";
  }
  if (steps.empty()) return std::nullopt;
  return BundlePatch{false, "[" + steps + "]"};
}

}  // namespace

std::span<const SenderObject> senders() {
  static const std::array<std::string, 4> crds = {
      std::string(kCrds) + "trafficsplits.split.smi-spec.io",
      std::string(kCrds) + "httproutegroups.specs.smi-spec.io",
      std::string(kCrds) + "tcproutes.specs.smi-spec.io",
      std::string(kCrds) + "traffictargets.access.smi-spec.io"};
  static const std::array<SenderObject, 8> all = {{
      {Sender::crd, crds[0]},
      {Sender::crd, crds[1]},
      {Sender::crd, crds[2]},
      {Sender::crd, crds[3]},
      {Sender::webhooks,
       "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/smic"},
      {Sender::api_service,
       "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.metrics.smi-spec.io"},
      {Sender::api_service,
       "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha2.metrics.smi-spec.io"},
      {Sender::api_service, "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.smic.dev"},
  }};
  return all;
}

std::optional<BundlePatch> bundle_patch(Sender sender, std::string_view object,
                                        std::string_view service_namespace,
                                        std::string_view authorities) {
  const auto value = resources::value_of_json(object);
  if (!value) return std::nullopt;
  const std::string bundle = encode_base64(authorities);
  switch (sender) {
    case Sender::webhooks:
      return patch_webhooks(*value, service_namespace, bundle);
    case Sender::crd:
      if (!is_due(within(&*value, {"spec", "conversion", "webhook", "clientConfig"}),
                  service_namespace, bundle)) {
        return std::nullopt;
      }
      return BundlePatch{true, R"({"spec":{"conversion":{"webhook":{"clientConfig":{"caBundle":)" +
                                   quoted(bundle) + "}}}}}"};
    case Sender::api_service:
      if (!is_due(value->find("spec"), service_namespace, bundle)) return std::nullopt;
      return BundlePatch{true, R"({"spec":{"caBundle":)" + quoted(bundle) + "}}"};
  }
  return std::nullopt;
}

std::string encode_base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    unsigned group = static_cast<unsigned char>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<unsigned char>(bytes[i + 1]) << 8;
    if (left > 2) group |= static_cast<unsigned char>(bytes[i + 2]);
    for (int digit = 0; digit < 4; ++digit) {
      text += digit > static_cast<int>(left) ? '=' : kDigits[group >> (18 - 6 * digit) & 63];
    }
  }
  return text;
}

}  // namespace smic::api
