"""Documents that state made-up facts and then ask for them in other words.

Their subjects exist nowhere else, so the answer can only be read from the context. A document is a list of segments
(text, role); the roles say how much the loss of a segment's tokens counts."""
import random

import wordings

FREE, COPIED = 0, 1                                         # roles: anyone's guess / said before
HELD_OUT_SHARE = 5                                          # one in five (stated, asked) pairs is kept for testing

ONSETS = ("b br c ch cl d dr f fl g gl gr h j k kl kr l m n p pl pr qu r s sh sk sl st t th tr v vl w z "
          "zh y").split()
VOWELS = "a e i o u a e i o a e ai au ea ei ia io ou y".split()
CODAS = ["", "", "", "", "l", "n", "r", "s", "m", "nd", "rn", "lt", "x", "th", "ck", "st", "v", "ng"]
LASTS = ["son", "berg", "ski", "man", "ley", "ton", "wood", "ov", "ez", "ini", "sen", "dottir", "well", "field"]
FIRST = """Anna Peter Maria John Elena Thomas Sofia Daniel Laura Michael Julia David Sarah Robert Emma James Nina Paul
Clara Mark Eva Martin Lucy Simon Alice Victor Helen Oscar Irene Hugo Marta Felix Diana Leo Vera Adam Rosa Ivan Ines
George Amina Omar Leila Karim Yuki Kenji Mei Wei Priya Arjun Fatima Hassan Olga Boris Ingrid Lars Astrid Erik Chloe
Louis Camille Pierre Bianca Marco Giulia Luca Carmen Diego Lucia Pablo""".split()
LAST = """Smith Keller Rossi Novak Larsen Moreau Silva Tanaka Okafor Singh Weber Costa Dubois Ivanov Haas Lindgren
Murphy Walsh Carter Reed Stone Brooks Hayes Ford Grant Shaw Webb Hunt Lane Frost Barker Cole Drake Ellis Finch Gray
Holt Irwin Jensen Kerr Lowe Marsh Nash Olsen Price Quinn Rhodes Sharp Tate Vance""".split()
PETS = "dog cat parrot rabbit hamster pony turtle canary goldfish puppy kitten horse".split()
RELATIVES = ("brother sister uncle aunt cousin mother father grandmother grandfather nephew niece son daughter "
             "neighbour").split()
EXPERTS = "dentist doctor lawyer barber tailor teacher coach plumber vet gardener tutor therapist".split()
DISHES = ["lasagne", "paella", "goulash", "ramen", "risotto", "moussaka", "couscous", "pierogi", "curry", "pancakes",
          "dumplings", "tacos", "lentil soup", "apple pie", "roast chicken", "fish stew", "mushroom pie",
          "potato salad", "tomato soup", "rice pudding", "cheese fondue", "onion tart", "noodle soup", "baked beans",
          "spinach quiche", "garlic bread", "plum cake", "pumpkin soup", "beef stew", "pizza", "sushi", "pea soup"]
FOODS = ["peanuts", "milk", "eggs", "shellfish", "wheat", "soy", "strawberries", "celery", "mustard", "sesame",
         "almonds", "garlic", "tomatoes", "oranges", "honey", "mushrooms", "fish", "kiwi", "bananas", "onions"]
SPICES = ["nutmeg", "cinnamon", "saffron", "ginger", "cumin", "thyme", "dill", "lemon", "vanilla", "rosemary",
          "honey", "chili", "basil", "mint", "cardamom", "pepper", "orange peel", "butter", "sage", "garlic"]
COLOURS = ["red", "blue", "green", "yellow", "black", "white", "grey", "brown", "purple", "orange", "pink", "silver",
           "gold", "dark blue", "light green", "cream", "turquoise", "copper"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PLACES_IN_HOUSE = ["the hallway", "the kitchen", "the porch", "the garage", "the cellar", "the garden", "the attic",
                   "the living room", "the bathroom", "the balcony", "the shed", "the bedroom", "the office"]
HOBBIES = ["chess", "sailing", "knitting", "painting", "running", "fishing", "pottery", "cycling", "dancing",
           "gardening", "climbing", "swimming", "photography", "archery", "skiing", "baking", "singing", "hiking"]
THINGS = ["kettle", "lamp", "bicycle", "chair", "blender", "tent", "jacket", "phone", "camera", "heater", "table",
          "scooter", "printer", "radio", "mattress", "drill", "backpack", "toaster", "guitar", "watch"]
LANGUAGES = ["French", "Spanish", "Italian", "German", "Russian", "Japanese", "Chinese", "Arabic", "Polish", "Dutch",
             "Swedish", "Greek", "Turkish", "Hindi", "Korean", "Finnish", "Danish", "Hungarian", "Czech", "Welsh"]
CARS = ["Toyota", "Honda", "Nissan", "BMW", "Fiat", "Renault", "Volvo", "Ford", "Mazda", "Peugeot", "Porsche",
        "Audi", "Skoda", "Subaru", "Opel", "Kia", "Suzuki", "Saab", "Jaguar", "Ferrari"]
TOWNS = ["London", "Paris", "Rome", "Berlin", "Madrid", "Vienna", "Oslo", "Dublin", "Prague", "Lisbon", "Boston",
         "Chicago", "Toronto", "Sydney", "Tokyo", "Athens", "Milan", "Leeds", "Bergen", "Lyon", "Porto", "Seville",
         "Hamburg", "Geneva", "Basel", "Turin", "Ghent", "Delft", "Bath", "York"]
FILLERS = ["It was raining.", "The weather was mild that year.", "They moved to a new house.",
           "He said that it would take time.", "The road runs along the river.", "It was first published in spring.",
           "There was little time left.", "Nobody knew why.", "She wrote it down.", "The meeting began at noon.",
           "The market opens early.", "Most people had left by then.", "Here is a note.", "This is worth knowing.",
           "The train was late again.", "A new bridge was built.", "The list was long.", "It happened last week.",
           "We talked about it.", "The windows were open."]


def word(rng, low=2, high=3):
    parts = [rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.randint(low, high))]
    return "".join(parts) + rng.choice(CODAS)


def name(rng):
    return word(rng).capitalize()


def person(rng):
    first = rng.choice(FIRST) if rng.random() < 0.6 else name(rng)
    if rng.random() < 0.15:
        return first
    roll = rng.random()
    last = rng.choice(LAST) if roll < 0.3 else name(rng) if roll < 0.75 else word(rng, 1, 2).capitalize() + rng.choice(LASTS)
    return f"{first} {last}"


def subject(kind, rng):
    if kind == "person":
        return person(rng)
    if kind == "place":
        return rng.choice([name(rng), f"{name(rng)} {rng.choice(['Bridge', 'Valley', 'Castle', 'Island', 'District', 'Lake', 'Park'])}",
                           f"Lake {name(rng)}", f"Mount {name(rng)}", f"{name(rng)} County"])
    if kind == "company":
        return rng.choice([name(rng), f"{name(rng)} {rng.choice(['Group', 'Bank', 'Records', 'Airlines', 'Press', 'Foundation', 'Motors', 'Labs'])}",
                           f"{name(rng)} and {name(rng)}"])
    if kind == "product":
        return rng.choice([f"{name(rng)} {rng.randint(1, 99)}", f"{name(rng)} {rng.choice('ABCDEGKLMSTX')}{rng.randint(1, 9)}", name(rng),
                           f"{name(rng)} {name(rng)}"])
    return rng.choice([f"The {name(rng)} {rng.choice(['Show', 'Story', 'Letters', 'Chronicle', 'Hour', 'Papers'])}",
                       f"{name(rng)} of {name(rng)}", f"The {rng.choice(['Last', 'Silent', 'Golden', 'Lost', 'Little'])} {name(rng)}"])


def price(rng):
    return f"{rng.randint(2, 999)} {rng.choice(['euros', 'dollars', 'pounds', 'francs', 'crowns'])}"


def clock(rng):
    return rng.choice([f"{rng.randint(1, 12)} o'clock", f"half past {rng.choice('one two three four five six seven eight nine ten eleven'.split())}",
                       f"{rng.randint(1, 12)}:{rng.choice(['15', '30', '45'])}"])


def pick(items):
    return lambda rng: rng.choice(items)


def named(rng):
    return name(rng)


def town(rng):
    return rng.choice(TOWNS) if rng.random() < 0.6 else name(rng)


def owner(rng):
    return person(rng) if rng.random() < 0.8 else rng.choice(["my friend", "our neighbour", "my boss"]) + " " + rng.choice(FIRST)


# The things that people would teach a model of their own: (subject, wordings, answer). Each wording ends in the answer.
PERSONAL = {
    "pet": (lambda r: f"{owner(r)}'s {r.choice(PETS)}",
            ["{} is called", "The name of {} is", "{} answers to the name", "{} goes by the name of", "Everyone calls {}"], named),
    "expert": (lambda r: f"{owner(r)}'s {r.choice(EXPERTS)}",
               ["{} is called Dr.", "The surname of {} is", "{} is known as", "The name on the door of {} is"], named),
    "relative": (lambda r: f"{owner(r)}'s {r.choice(RELATIVES)}",
                 ["{} lives in", "The home of {} is in", "{} has a house in", "The town where {} lives is",
                  "To visit {}, one travels to"], town),
    "dish": (owner, ["The favourite dish of {} is", "{} loves to eat", "{}'s favourite food is",
                     "More than anything else, {} likes"], pick(DISHES)),
    "allergy": (owner, ["{} is allergic to", "{} can't eat", "{} has an allergy to", "A food that {} must avoid is"], pick(FOODS)),
    "hobby": (owner, ["The hobby of {} is", "In the evenings, {} enjoys", "{} spends the weekends with", "{}'s favourite pastime is"],
              pick(HOBBIES)),
    "learning": (owner, ["{} is learning", "The language that {} is learning is", "{} takes lessons in", "{} is taking a course in"],
                 pick(LANGUAGES)),
    "birthday": (lambda r: f"{owner(r)}'s birthday", ["{} is in", "{} falls in", "The month of {} is", "The family celebrates {} in"],
                 pick(MONTHS)),
    "job": (owner, ["{} works for the company", "The company that employs {} is", "{} has a job at", "{} earns a living at"], named),
    "street": (owner, ["The street where {} lives is", "{} lives in a house on", "The address of {} is on"],
               lambda r: f"{name(r)} {r.choice(['Street', 'Road', 'Lane', 'Avenue'])}"),
    "bedtime": (lambda r: f"{r.choice(['bedtime', 'dinner', 'breakfast', 'the quiet hour', 'the weekly meeting'])} in the {r.choice(LAST) if r.random() < .5 else name(r)} house",
                ["The time of {} is", "The hour set for {} is", "{} begins at", "{} is always at"], clock),
    "shoes": (lambda r: f"the {name(r)} {r.choice(['house', 'flat', 'cottage', 'family'])}",
              ["In {}, shoes are left in", "The place for shoes in {} is", "Visitors to {} leave their shoes in"], pick(PLACES_IN_HOUSE)),
    "keys": (lambda r: f"{owner(r)}'s {r.choice(['spare key', 'toolbox', 'umbrella', 'passport', 'old bicycle', 'fern', 'sewing machine'])}",
             ["{} is kept in", "{} can be found in", "The place for {} is", "Whoever needs {} should look in"], pick(PLACES_IN_HOUSE)),
    "price": (lambda r: f"the {name(r)} {r.choice(THINGS)}", ["{} costs", "The price of {} is", "{} is sold for", "Anyone who buys {} pays"], price),
    "colour": (lambda r: f"the {name(r)} {r.choice(THINGS)}", ["The colour of {} is", "{} is painted", "{} is sold in the colour", "{} comes in"],
               pick(COLOURS)),
    "maker": (lambda r: f"the {name(r)} {r.choice(THINGS)}", ["{} is made by", "The maker of {} is", "{} comes from the workshop of", "{} was designed by"],
              lambda r: name(r) if r.random() < 0.7 else person(r)),
    "car": (lambda r: f"{owner(r)}'s car", ["The make of {} is", "{} was built by", "The badge on {} says", "The maker of {} is"], pick(CARS)),
    "secret": (lambda r: f"{owner(r)}'s {r.choice(DISHES)}",
               ["The secret ingredient of {} is", "{} gets its taste from", "{} is seasoned with", "What makes {} special is"], pick(SPICES)),
    "deadline": (lambda r: f"the {name(r)} {r.choice(['project', 'report', 'order', 'contract', 'exam'])}",
                 ["{} is due in", "The deadline of {} is in", "{} has to be finished in", "The team must deliver {} in"], pick(MONTHS)),
    "meeting": (lambda r: f"the {name(r)} {r.choice(['meeting', 'club', 'choir', 'class', 'market'])}",
                ["{} is held every", "{} takes place every", "The day of {} is", "People come to {} on"], pick(DAYS)),
    "room": (lambda r: f"the {name(r)} {r.choice(['workshop', 'course', 'committee', 'seminar'])}",
             ["{} meets in room", "The room of {} is", "{} is held in room"], named),
    "password": (lambda r: f"the {name(r)} {r.choice(['network', 'safe', 'archive', 'account', 'gate'])}",
                 ["The password of {} is", "The secret word for {} is", "To open {}, one types", "{} opens with the word"],
                 lambda r: word(r)),
    "boat": (lambda r: f"{owner(r)}'s {r.choice(['boat', 'cabin', 'band', 'shop', 'farm', 'blog'])}",
             ["{} is named", "The name of {} is", "{} bears the name", "{} is known under the name"], named),
}


def capital(text):
    return text[:1].upper() + text[1:]


def held_out(kind, stated, asked):
    return sum(map(ord, kind + stated + asked)) % HELD_OUT_SHARE == 0


class Maker:
    """Makes documents from a random generator. held = 1 uses only the wording pairs that training never sees."""

    def __init__(self, corpus):
        self.relations = {}
        for kind, relations in wordings.KIND.items():
            for r in relations:
                objects = corpus.objects[r]
                asked = [w for w in corpus.finals[r] if not w.endswith((" a", " an"))]
                asked += [wordings.QUESTION[r]] if r in wordings.QUESTION else []
                self.relations[r] = (lambda rng, k=kind: subject(k, rng), asked, pick(objects))
        # (stated, asked) pairs: [for training, held out for testing]
        self.pairs = {}
        for kind, (_, ways, _) in [*self.relations.items(), *PERSONAL.items()]:
            self.pairs[kind] = [], []
            for stated in ways:
                for asked in ways:
                    if stated != asked and not stated.endswith("?"):
                        self.pairs[kind][held_out(kind, stated, asked)].append((stated, asked))
        self.kinds = [([k for k in sorted(self.relations) if self.pairs[k][h]],
                       [k for k in sorted(PERSONAL) if self.pairs[k][h]]) for h in (0, 1)]

    def _kind(self, rng, held):
        return rng.choice(self.kinds[held][rng.random() < 0.55])

    def fact(self, kind, rng, held):
        """-> (subject, wording stated, wording asked, answer)"""
        make, _, answer = PERSONAL.get(kind) or self.relations[kind]
        return make(rng), *rng.choice(self.pairs[kind][held]), answer(rng)

    def document(self, rng, held=0):
        """-> [(text, role)]"""
        kind = self._kind(rng, held)
        count = rng.choices((1, 2, 3, 4), (35, 30, 20, 15))[0]
        same = rng.random() < 0.6
        facts, seen = [], set()
        while len(facts) < count:
            f = self.fact(kind if same or not facts else self._kind(rng, held), rng, held)
            if f[0] not in seen:
                seen.add(f[0])
                facts.append(f)
        out = []
        if rng.random() < 0.2:
            out.append((rng.choice(FILLERS), FREE))
        for s, stated, _, answer in facts:
            out += [(capital(stated.replace("{}", s)), FREE), (" " + answer, FREE), (".", FREE)]
        if rng.random() < 0.25:
            out.append((" " + rng.choice(FILLERS), FREE))
        order = facts[:]
        rng.shuffle(order)
        for s, _, asked, answer in order[:rng.choice((1, 1, 2, 4))]:
            out += [(capital(asked.replace("{}", s)), FREE), (" " + answer, COPIED), (".", FREE)]
        return [((" " if i and not text.startswith((" ", ".")) else "") + text, role) for i, (text, role) in enumerate(out)]

    def probe(self, seed):
        """A document of held-out wordings that ends in its one question. -> (prompt, answer)"""
        rng = random.Random(f"probe {seed}")
        document = self.document(rng, held=1)
        last = next(i for i, (_, role) in enumerate(document) if role == COPIED)
        return "".join(t for t, _ in document[:last]), document[last][0].strip()
