//! Invented people, merchants and sentences. Any resemblance is chance: nothing here was taken from anyone's data.

use super::chance::Chance;

const GIVEN: [&str; 24] = [
    "Alix",
    "Basile",
    "Clémence",
    "Damien",
    "Élodie",
    "Fabrice",
    "Gaëlle",
    "Hugo",
    "Inès",
    "Jonas",
    "Karine",
    "Léonie",
    "Malik",
    "Noémie",
    "Octave",
    "Pénélope",
    "Quentin",
    "Rosalie",
    "Samir",
    "Thaïs",
    "Ulysse",
    "Violette",
    "Wassim",
    "Zoé",
];

const FAMILY_START: [&str; 12] = ["Bel", "Cour", "Dar", "Fon", "Gran", "Lau", "Mar", "Nor", "Per", "Rou", "Sau", "Vil"];

const FAMILY_END: [&str; 12] = [
    "baisse", "cerre", "delin", "fleur", "gency", "lande", "mièvre", "nault", "quesne", "rivière", "sonnette", "vallon",
];

const STREET: [&str; 8] = [
    "rue des Ormes",
    "chemin du Vieux-Moulin",
    "avenue des Mésanges",
    "rang Saint-Elzéar",
    "boulevard du Quai",
    "rue de la Fonderie",
    "impasse des Tilleuls",
    "côte de la Grève",
];

const MERCHANT: [&str; 12] = [
    "Meubles Boréal",
    "Piscines Azur-Nord",
    "Autos du Fleuve",
    "Toitures Grand-Vent",
    "Voyages Mappemonde",
    "Électros Lumineau",
    "Gym Cadence",
    "Fenêtres Clairbois",
    "Télécom Estacade",
    "Matelas Doux-Rêve",
    "Garage Piston",
    "Traiteur La Louche",
];

const SUBJECT: [&str; 8] = [
    "Delivery three months late",
    "Defect after two weeks, refund refused",
    "Fees that the contract did not mention",
    "Subscription that cannot be cancelled",
    "Repair that does not hold",
    "Deposit kept after cancellation",
    "Goods other than ordered",
    "Warranty not honoured",
];

const SENTENCE: [&str; 10] = [
    "I enclose the invoice and the photographs.",
    "The merchant proposes a partial refund.",
    "I would rather have the goods replaced.",
    "Could you tell me when the technician will come?",
    "The mediator asks both parties for their documents.",
    "We never received the first letter.",
    "I accept the offer, on condition that it is paid within ten days.",
    "The merchant has not answered since Monday.",
    "Here is the contract that I signed.",
    "Thank you, the matter is settled.",
];

/// Given and family name.
pub(super) fn name(chance: &mut Chance) -> String {
    format!("{} {}{}", chance.one_of(&GIVEN), chance.one_of(&FAMILY_START), chance.one_of(&FAMILY_END))
}

/// A postal address that no map knows.
pub(super) fn address(chance: &mut Chance) -> String {
    format!("{}, {}", chance.between(1, 4000), chance.one_of(&STREET))
}

/// A number of the exchange that is reserved for fiction.
pub(super) fn phone(chance: &mut Chance) -> String {
    format!("{}-555-01{:02}", chance.one_of(&["418", "438", "450", "514", "819"]), chance.between(0, 100))
}

/// A merchant.
pub(super) fn merchant(chance: &mut Chance) -> &'static str {
    chance.one_of(&MERCHANT)
}

/// What a dossier is about.
pub(super) fn subject(chance: &mut Chance) -> &'static str {
    chance.one_of(&SUBJECT)
}

/// A few sentences.
pub(super) fn text(chance: &mut Chance, sentences: i64) -> String {
    (0..sentences).map(|_| chance.one_of(&SENTENCE)).collect::<Vec<_>>().join(" ")
}
