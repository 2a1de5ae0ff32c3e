#include "workspace/recheck_choice.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <variant>

namespace mobiedit {
namespace {

// One edit takes one forward pass: these are some seconds' worth on the bundled model.
constexpr std::size_t always_asked = 300;
constexpr std::size_t nearest_asked = 200;
constexpr std::size_t others_asked = 100;

constexpr double own_subject = 2;  // nearness of edits of one subject, above any cosine

double product(const std::vector<float>& x, const std::vector<float>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

double cosine(const std::vector<float>& x, const std::vector<float>& y) {
  if (x.size() != y.size()) return 0;
  const double lengths = std::sqrt(product(x, x) * product(y, y));
  return lengths > 0 ? std::abs(product(x, y)) / lengths : 0;
}

/// The direction in which a neuron reads its subject: its gate row, without the threshold that lies along the up row.
std::vector<float> read_direction(const Neuron& neuron) {
  std::vector<float> direction = neuron.gate;
  const double square = product(neuron.up, neuron.up);
  const auto along = square > 0 ? static_cast<float>(product(neuron.gate, neuron.up) / square) : 0.0f;
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] -= along * neuron.up[i];
  return direction;
}

/// |cos| between the directions in which two updates of a layer read: the part of one that the other's subject picks
/// up.
double nearness(const Update& of_x, const Update& of_y) {
  if (of_x.index() != of_y.index() || layer_of(of_x) != layer_of(of_y)) return 0;
  if (const auto* neuron = std::get_if<Neuron>(&of_x))
    return cosine(read_direction(*neuron), read_direction(std::get<Neuron>(of_y)));
  return cosine(std::get<RankOneUpdate>(of_x).right, std::get<RankOneUpdate>(of_y).right);
}

}  // namespace

EditList worth_asking(const EditList& in_force, const EditList& added) {
  if (in_force.size() <= always_asked) return in_force;
  std::vector<double> near(in_force.size(), 0.0);
  for (std::size_t i = 0; i < in_force.size(); ++i) {
    for (const Edit* edit : added) {
      const bool own = same_subject(in_force[i]->request, edit->request);
      near[i] = std::max(near[i], own ? own_subject : nearness(in_force[i]->update, edit->update));
    }
  }
  std::vector<std::size_t> places(in_force.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t x, std::size_t y) { return near[x] > near[y]; });
  std::size_t count = nearest_asked;
  while (count < places.size() && near[places[count]] == own_subject) ++count;
  const std::size_t rest = places.size() - count;
  const std::size_t others = std::min(others_asked, rest);
  std::vector<std::size_t> chosen(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < others; ++i) chosen.push_back(places[count + i * rest / others]);
  std::ranges::sort(chosen);
  EditList asked;
  for (const std::size_t place : chosen) asked.push_back(in_force[place]);
  return asked;
}

}  // namespace mobiedit
