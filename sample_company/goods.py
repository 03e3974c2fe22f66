"""What the shop sells and what people write about: goods, offers, ticket topics, notes. Data only."""

# fmt: off
# sku, title, category, price in hundredths of the currency
GOODS: tuple[tuple[str, str, str, int], ...] = (
    ("PRD-101", "Apples, 1 kg", "produce", 299), ("PRD-102", "Potatoes, 2 kg", "produce", 249), ("PRD-103",
    "Tomatoes, 500 g", "produce", 219),
    ("PRD-104", "Salad box", "produce", 349), ("PRD-105", "Oranges, 2 kg", "produce", 429), ("MEA-201",
    "Beef, 500 g", "meat", 899),
    ("MEA-202", "Chicken, whole", "meat", 749), ("MEA-203", "Sausages, 6", "meat", 499), ("MEA-204", "Ham, 200 g",
    "meat", 379),
    ("DAI-301", "Milk, 1 l", "dairy", 129), ("DAI-302", "Butter, 250 g", "dairy", 279), ("DAI-303", "Cheese, 300 g",
    "dairy", 459),
    ("BAK-401", "Rye bread", "bakery", 389), ("BAK-402", "Rolls, 6", "bakery", 239), ("BAK-403", "Cake, lemon",
    "bakery", 1290),
    ("HOU-501", "Batteries AA, 8", "household", 699), ("HOU-502", "Candles, 12", "household", 549), ("HOU-503",
    "Torch", "household", 1499),
    ("HOU-504", "Kettle", "household", 3490), ("HOU-505", "Lamp, reading", "household", 4990), ("GAR-601", "Spade",
    "garden", 2790),
    ("GAR-602", "Seeds, meadow", "garden", 399), ("GAR-603", "Hose, 20 m", "garden", 3290), ("GAR-604", "Bench, oak",
    "garden", 18900),
    ("OFF-701", "Paper, 500 sheets", "office", 599), ("OFF-702", "Desk chair", "office", 15900), ("OFF-703",
    "Printer ink", "office", 2490),
    ("SRV-801", "Assembly at home", "service", 7900), ("SRV-802", "Repair, one hour", "service", 6500), ("SRV-803",
    "Implementation, one day", "service", 96000),
)  # fmt: skip
# What the goods cost the shop, in hundredths of their price. Fresh food earns little, services cost mostly wages.
COST_PERCENT = {
    "produce": 72, "meat": 76, "dairy": 80, "bakery": 58, "household": 55, "garden": 52, "office": 64, "service": 85,
}  # fmt: skip
UNIT_COSTS = {sku: price * COST_PERCENT[category] // 100 for sku, _, category, price in GOODS}
GOODS_SHARES = tuple(3.0 if category in ("produce", "meat", "dairy", "bakery") else 1.0 for _, _, category, _ in GOODS)

OFFERS: tuple[tuple[str, int], ...] = (("SPRING10", 10), ("WELCOME5", 5), ("LOYAL15", 15))

# topic, subject line, first message
TICKETS: tuple[tuple[str, str, str], ...] = (
    (
        "delivery",
        "Where is my parcel?",
        "The parcel was promised for last week and has not come. Please tell me where it is.",
    ),
    ("delivery", "Parcel left with a neighbour", "I found no card. Which neighbour has my parcel?"),
    ("damage", "Item arrived broken", "The box was open and one item is broken. I would like a replacement."),
    ("invoice", "Question about my invoice", "The amount on the invoice differs from what I was told on the phone."),
    ("refund", "Refund still missing", "You confirmed the return but the money has not arrived."),
    ("account", "Cannot sign in", "The password mail never arrives. Could you check my address?"),
    ("account", "Please change my address", "I have moved. My new address is on the enclosed form."),
    ("price", "Price different in the store", "The shelf said one price and the till another."),
    ("praise", "Thank you", "Your colleague was very helpful on Saturday. Please pass on my thanks."),
    (
        "implementation",
        "Set-up not finished",
        "Your technician left before the set-up was done. When will somebody come back?",
    ),
)
AGENT_REPLIES = (
    "Thank you for writing. I have asked the carrier and will come back to you by tomorrow.",
    "I am sorry for the trouble. A replacement is on its way.",
    "I have passed this on to accounts and will follow up this week.",
    "I have changed this for you. Please tell me if anything is missing.",
)
INTERNAL_NOTES = (
    "Customer has called twice about this.",
    "Carrier says the parcel is lost, waiting for confirmation.",
    "Check with accounts before answering.",
)
CUSTOMER_ANSWERS = (
    "Thank you, that helps.",
    "I still have not heard anything.",
    "Here is the photo you asked for.",
    "Please call me in the afternoon.",
)

# topic, what the clerk writes; some notes run over several lines because clerks press Enter
NOTES: tuple[tuple[str, str], ...] = (
    ("opening hours", "Asked about opening hours on Saturday."),
    ("price", "Says our produce is cheaper than elsewhere but meat is dear.\nWould buy more if there were offers."),
    ("delivery", "Wants parcels delivered after six; nobody at home before."),
    (
        "complaint",
        "Unhappy about the wait at the till; señor at the desk apologised.\nPromised to tell the store manager.",
    ),
    ("product wish", "Would like us to carry lactose-free butter."),
    ("invoice", "Asks for a copy of the last invoice by post."),
    ("address", "New address given; form handed to accounts."),
    ("praise", "Très contente du service, dit-elle; thanks to the fish counter."),
    ("return", 'Brought back one item without receipt;\nvoucher given; "never again", he said.'),
    ("family", "Daughter starts school in September, asked for lunch boxes."),
)
# document class, subject line, text as the machine reads it
LETTERS: tuple[tuple[str, str, str], ...] = (
    (
        "complaint",
        "Your branch on the market square",
        "Dear Sir or Madam,\nthe lift in your branch has been out of order for three weeks. I walk with a stick.",
    ),
    ("address", "We have moved", "Dear Sir or Madam,\nour new address stands at the head of this letter."),
    ("invoice", "Copy of an invoice", "Dear Sir or Madam,\nmy tax adviser needs last year's invoices on paper."),
    ("praise", "My thanks to your driver", "Dear all,\nyour driver carried the boxes to the third floor in the heat."),
    ("return", "Return of a lamp", "Dear Sir or Madam,\nI return the reading lamp. The switch does not work."),
    ("advertising", "Your catalogue", "Dear Sir or Madam,\nyour catalogue comes twice. One is enough."),
)
CAMPAIGNS = (
    "Fresh this week",
    "Garden days",
    "Back to school",
    "Winter lights",
    "Members' evening",
    "Spring clean",
    "Harvest fair",
    "We miss you",
)
BROWSERS = ("Firefox on Windows", "Chrome on Android", "Safari on iPhone", "Edge on Windows", "Chrome on macOS")
MAIL_PROGRAMS = ("Outlook on Windows", "Apple Mail on iPhone", "Gmail on Android", "Thunderbird on Linux")
FORMS = ("newsletter", "account", "contact", "competition", "catalogue")
